import { runWithInput } from "#host/process/spawn-quick.ts";

/**
 * Whether a process under this AppArmor profile may mount, by trying it in a mount namespace that ends with it.
 * False also for a profile that is not loaded. Takes some milliseconds.
 */
export function mayMountUnder(profile: string): boolean {
  // aa_change_onexec(2)'s interface: in force from the next program on.
  const script =
    'printf "exec %s" "$1" >/proc/self/attr/exec && exec mount -n -t tmpfs -o size=4k tmpfs /run';
  const own = ["unshare", "--mount", "--propagation", "private", "--"];
  return runWithInput([...own, "sh", "-c", script, "sh", profile], "").status === 0;
}

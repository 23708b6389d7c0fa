import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { tryRun } from "#host/process/run.ts";

/** The directory that a builder unpacks a root in. */
export interface BuildPlace {
  /** As the builder is to name it. */
  readonly inside: string;
  /** As everybody else finds it. */
  readonly outside: string;
  /**
   * What the builder is called by: a program with its first arguments, which takes the builder's command
   * behind them.
   */
  readonly caller: readonly string[];
}

const enter = 'mount -n --bind "$1" "$2" && shift 2 && exec "$@"';

/**
 * Makes one in `work`, an empty directory that is closed to other users. apt drops its privileges to
 * download, so others than root must get through; and others must not reach the set-uid programs of the
 * half-built root. No random name keeps them from it: it is in the command lines of all that builds, and
 * everybody reads those (proc_pid_cmdline(5)). So the way is open in a mount namespace of the builder's
 * alone. Where there is none to be had, which is so without root, others may pass and see no names:
 * mmdebstrap then works as other users, and unpacks elsewhere.
 */
export async function makeBuildPlace(work: string): Promise<BuildPlace> {
  const outside = join(work, "tree");
  await mkdir(outside);
  await chmod(outside, 0o711);
  if (process.getuid?.() === 0 && (await tryRun("unshare", ["--mount", "true"])).status === 0) {
    const namespace = ["unshare", "--mount", "--propagation", "private", "--"];
    return { inside: work, outside, caller: [...namespace, "sh", "-c", enter, "berth-build", outside, work] };
  }
  await chmod(work, 0o711);
  return { inside: outside, outside, caller: [] };
}

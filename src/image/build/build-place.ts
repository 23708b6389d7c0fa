import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { tryRun } from "#host/process/run.ts";

/** The directory that a builder unpacks a root in. */
export interface BuildPlace {
  /** As the builder is to name it. */
  readonly inside: string;
  /** The same directory as other processes see it. */
  readonly outside: string;
  /**
   * What the builder is called by: a program with its first arguments, which takes the builder's command
   * behind them.
   */
  readonly caller: readonly string[];
}

const enter = 'mount -n --bind "$1" "$2" && shift 2 && exec "$@"';

/**
 * Makes one in `work`, an empty directory closed to other users. apt drops its privileges to download, so
 * other users must be able to enter; but they must not reach the set-uid programs of the half-built root. A
 * random name would not help, since command lines are public (proc_pid_cmdline(5)). So opens the way in a
 * mount namespace of the builder alone. Without root there is no such namespace: then other users may pass
 * through but not list names, and mmdebstrap works as other users and unpacks elsewhere.
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

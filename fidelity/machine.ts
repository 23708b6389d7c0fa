import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import type { RunResult } from "#host/process/run.ts";
import { patient } from "#lab/wait-for.ts";

/** One machine of a column, running. */
export interface Machine {
  /**
   * Runs a shell script in root's shell, as the manager of the column gives an administrator one. Any status
   * is a result.
   */
  run(script: string): Promise<RunResult>;
  /** The cgroups of its process 1, as proc_pid_cgroup(5) shows them; undefined once it has ended. */
  readCgroups(): Promise<string | undefined>;
  /** The end of what it wrote on its console. */
  readConsole(): Promise<string>;
  /** Shuts it down in order and starts it again. */
  restart(): Promise<void>;
  destroy(): Promise<void>;
}

const limit = patient(40_000);

/**
 * Waits until systemd has booted a machine, well or badly. Throws `boot-failed` when it ends or does not
 * answer.
 */
export async function waitForBoot(machine: Machine): Promise<void> {
  const end = performance.now() + limit;
  const check = async (what: string) => {
    if (performance.now() > end) throw await failure(machine, `${what} within ${limit / 1000} s`);
    await sleep(100);
  };
  // Nothing may be run in it before its init has left the cgroup root.
  for (;;) {
    const cgroups = await machine.readCgroups();
    if (cgroups === undefined) throw await failure(machine, "process 1 ended");
    if (cgroups.includes("/init.scope")) break;
    await check("systemd did not set up its cgroups");
  }
  for (;;) {
    const { stdout } = await machine.run("timeout 30 systemctl is-system-running --wait");
    if (/^(running|degraded|maintenance)$/.test(stdout.trim())) return;
    if ((await machine.readCgroups()) === undefined) throw await failure(machine, "process 1 ended");
    await check("systemd did not finish booting");
  }
}

async function failure(machine: Machine, message: string): Promise<BerthError> {
  return new BerthError("boot-failed", message, { details: await machine.readConsole() });
}

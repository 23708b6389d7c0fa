import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, stackColumns, stackOf } from "#linux/ps.ts";
import type { Engine } from "./connection/engine.ts";
import { topContainer } from "./containers.ts";
import { execStatus, inspectExec } from "./exec.ts";
import script from "./signal-exec.sh" with { type: "text" };

export interface SignalOptions {
  /** User of the command. Default: root. */
  readonly user?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a signal, such as "INT", to the process group of a command that was started in a machine. Resolves to
 * whether the signal was sent, or the command had already ended. The Engine API has no such call: it names a
 * command by its pid on the host, which the machine does not know. Both sides see the random address of its
 * stack (proc_pid_stat(5), startstack; `stackp` of ps(1)): a shell in the machine finds the command by it.
 */
export async function signalExec(
  engine: Engine,
  container: string,
  exec: string,
  name: string,
  options: SignalOptions = {},
): Promise<boolean> {
  const { signal, user } = options;
  const { Running, Pid } = await inspectExec(engine, exec, { signal });
  if (!Running) return true;
  const processes = async () =>
    (await topContainer(engine, container, { psArgs: stackColumns, signal })).Processes ?? [];
  const stack = stackOf(await processes(), Pid);
  if (stack !== undefined) {
    const cmd = ["/bin/sh", "-c", script, "sh", name, stack];
    // The kernel shows that address to the same user, and to a root that may trace; either may be the one.
    for (const as of new Set([user ?? "0", "0"])) {
      if ((await execStatus(engine, container, { cmd, user: as, signal })) === 0) return true;
    }
  }
  // One that ends has no memory any more, and so no stack, before it is a zombie; the engine notes its end
  // later still.
  for (const end = performance.now() + endMs; ; await sleep(20)) {
    if (!isAlive(await processes(), Pid)) return true;
    if (performance.now() >= end) return false;
  }
}

/** Milliseconds: what a process that ends takes at most from giving its memory back to being a zombie. */
const endMs = 1000;

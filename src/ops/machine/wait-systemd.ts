import { setTimeout as sleep } from "node:timers/promises";
import { sizeOf } from "#api/capture.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { inspectContainer } from "#engine/containers.ts";
import { execCapture } from "#engine/exec-capture.ts";
import { BerthError, hasCode } from "#errors.ts";
import type { Boot } from "#plan/machine/boot-state.ts";
import { bootFailed } from "./boot-failure.ts";
import { readFailedUnits } from "./failed-units.ts";

/** What the engine gives for a command that it could not start; systemctl itself ends with neither. */
const cannotRun = 126;
const notThere = 127;

/** A machine that is ending refuses commands a moment before the engine reports its end. */
const mostRefusals = 10;
const refusalPauseMs = 200;

/** Bytes: a word, or why systemctl could not be run. */
const longestState = 4096;

/** Milliseconds until a systemd that answers at once is asked again. */
const pollMs = 25;

/**
 * Waits until systemd has booted, running or degraded. Throws `boot-failed` for a machine that has ended, is
 * in rescue mode, or refuses commands.
 */
export async function waitForSystemd(
  engine: Engine,
  id: string,
  name: string,
  signal: AbortSignal,
): Promise<Boot> {
  for (let refusals = 0; ; ) {
    const { status, stdout, isCut } = await execInMachine(
      engine,
      id,
      name,
      ["systemctl", "is-system-running", "--wait"],
      signal,
    );
    if (isCut) {
      throw new BerthError(
        "boot-failed",
        `${name} is running, but its systemctl is not systemd's: ` +
          `it printed more than ${sizeOf(longestState)}`,
        {
          hint: `check it: berth exec ${name} systemctl --version`,
        },
      );
    }
    if (status === cannotRun || status === notThere) {
      const { State } = await inspectContainer(engine, id, { signal });
      if (!State.Running) throw await bootFailed(engine, id, name, State.ExitCode, signal);
      refusals += 1;
      if (refusals > mostRefusals) {
        throw new BerthError("boot-failed", `${name} is running, but cannot run commands: ${stdout.trim()}`, {
          details: { status },
        });
      }
      await sleep(refusalPauseMs, undefined, { signal });
      continue;
    }
    const state = stdout.trim();
    if (state === "running") return { state, failedUnits: [] };
    if (state === "degraded") return { state, failedUnits: await readFailedUnits(engine, id, signal) };
    if (state === "maintenance") {
      throw new BerthError("boot-failed", `${name} booted into rescue or emergency mode`, {
        hint: `open a shell in it: berth shell ${name}; see its journal: berth logs -b ${name}`,
        details: { units: await readFailedUnits(engine, id, signal) },
      });
    }
    // Not on its bus yet, or `--wait` is older than this systemd (before 240) and says starting at once.
    await sleep(pollMs, undefined, { signal });
  }
}

/**
 * Reports a machine that exits meanwhile as `boot-failed`. If the engine has not noticed the exit yet,
 * returns the result of a command that could not run, so that the caller retries.
 */
async function execInMachine(
  engine: Engine,
  id: string,
  name: string,
  cmd: readonly string[],
  signal: AbortSignal,
) {
  try {
    return await execCapture(engine, id, { cmd, most: longestState, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const { State } = await inspectContainer(engine, id, { signal });
    if (!State.Running) throw await bootFailed(engine, id, name, State.ExitCode, signal);
    if (!hasCode(error, "conflict") && !hasCode(error, "engine-api") && !hasCode(error, "engine-refused"))
      throw error;
    return { status: cannotRun, stdout: error.message, isCut: false };
  }
}

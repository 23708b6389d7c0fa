import { BerthError } from "#errors.ts";
import type { Machine } from "#plan/machine/machine.ts";

/** Throws `conflict` unless commands can be run in the machine. */
export function requireRunning(machine: Machine): void {
  if (machine.state === "running") return;
  if (machine.state === "paused") {
    throw new BerthError("conflict", `${machine.name} is paused`, {
      hint: `resume it first: docker unpause ${machine.name}`,
    });
  }
  throw new BerthError("conflict", `${machine.name} is not running`, {
    hint: `start it first: berth start ${machine.name}`,
    details: { state: machine.state },
  });
}

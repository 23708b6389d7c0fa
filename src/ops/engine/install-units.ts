import { installLxcfsDropIn, removeLxcfsDropIn } from "#host/lxcfs/lxcfs-unit.ts";
import { installStopUnit, removeStopUnit } from "#host/systemd/stop-unit.ts";
import { stopUnit } from "#plan/engine/stop-unit.ts";
import type { UnitReload } from "#plan/engine/unit-reload.ts";

/** What became of systemd's units, where systemd runs the host. */
export interface UnitChanges {
  readonly lxcfs: UnitReload;
  readonly stop: UnitReload;
}

export const noUnits: UnitChanges = { lxcfs: "unneeded", stop: "unneeded" };

/**
 * Adds what berth has for systemd. Machines run without it too, and the engine knows the runtime by then:
 * what fails (a read-only /etc, a systemd that does not answer) becomes a warning.
 */
export async function installUnits(program: string): Promise<UnitChanges & { warnings: readonly string[] }> {
  const warnings: string[] = [];
  const orWarn = async (unit: string, install: (program: string) => Promise<UnitReload>) => {
    try {
      return await install(program);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      warnings.push(`cannot set up ${unit}: ${error.message}`);
      return "unneeded";
    }
  };
  const lxcfs = await orWarn("lxcfs.service", installLxcfsDropIn);
  const stop = await orWarn(stopUnit, installStopUnit);
  return { lxcfs, stop, warnings };
}

/** Takes them away again. */
export async function removeUnits(): Promise<UnitChanges> {
  return { lxcfs: await removeLxcfsDropIn(), stop: await removeStopUnit() };
}

import { randomBytes } from "node:crypto";
import type { SystemInfo } from "#api/system.ts";
import type { Engine } from "#engine/connection/engine.ts";
import type { MachineSpec } from "#machinefile/machine.ts";
import { renderTmpfs } from "#machinefile/value/tmpfs.ts";
import { type ChosenApplier, chooseByApi } from "#plan/machine/applier.ts";
import { machineCommand, type PlannedImage } from "#plan/machine/container.ts";
import { probeGuest } from "./guest-probe.ts";

/**
 * How a machine gets what its init needs on an engine without berth-runtime: by the Engine API. Throws
 * `no-init`, `host-unfit`.
 */
export async function applyByApi(
  engine: Engine,
  info: SystemInfo,
  machine: MachineSpec,
  image: PlannedImage,
  signal: AbortSignal,
): Promise<ChosenApplier> {
  const guest = await probeGuest(engine, image, machineCommand(machine, image), signal);
  return chooseByApi(info, guest, {
    ...machine,
    tmpfs: renderTmpfs(machine),
    machineId: randomBytes(16).toString("hex"),
  });
}

import type { ContainerInspect } from "#api/container.ts";
import { type InitKind, initKindOf } from "#contract/init.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { labelledInit } from "#plan/machine/labelled-init.ts";
import { programOf } from "./guest-probe.ts";

/** The machine's init, from its labels, else from the program itself. */
export async function readInitKind(
  engine: Engine,
  container: ContainerInspect,
  signal: AbortSignal,
): Promise<InitKind | undefined> {
  const known = labelledInit(container);
  if (known !== undefined) return known;
  const command = [container.Path, ...container.Args];
  const program = await programOf(engine, container.Id, command, signal);
  return initKindOf(command, { program, has: () => true });
}

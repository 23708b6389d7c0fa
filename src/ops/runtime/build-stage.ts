import { closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Obstacle } from "#contract/obstacle.ts";
import { writeFirstHostname } from "#host/files/prepare-root.ts";
import { takeIds } from "#host/namespace/id-ranges.ts";
import { stageBind } from "#host/namespace/stage/bind.ts";
import { stageNetwork, stageSysfs } from "#host/namespace/stage/network.ts";
import { stageLayers, stageRoot, tryLayers } from "#host/namespace/stage/overlay.ts";
import { openStage, stageUserNamespace } from "#host/namespace/stage/stage.ts";
import { beginUserNamespace, type UserNamespace } from "#host/namespace/user-namespace.ts";
import type { IdRange } from "#linux/id-range.ts";
import type { StagedBind } from "#oci/isolation/binds.ts";
import type { IsolationPlan } from "#oci/isolation/plan.ts";
import { stateFile } from "#oci/machine-state.ts";
import { takePlace } from "./mirror.ts";
import { stageOf } from "./state.ts";

export interface StageSite {
  /** The machine's state, in which its stage is. */
  readonly state: string;
  /** Where the engine has mounted its files. */
  readonly rootPath: string;
  readonly machineId: string;
  /** See `RuntimeCreate`. */
  readonly outer?: number | undefined;
  readonly launcher: string;
  /** For the ids of mounts. */
  readonly userNamespace: UserNamespace;
}

export interface BuiltStage {
  readonly possible: true;
  readonly ids: IdRange;
  /** Binds whose file systems cannot map ids: mounted without mapping. */
  readonly unmapped: readonly StagedBind[];
}

/** What the host has refused of what the plan took for possible. */
export interface ImpossibleStage {
  readonly possible: false;
  readonly obstacle: Extract<Obstacle, { code: "layers-unmapped" }>;
}

/**
 * Gives a machine its own ids and mounts its root and binds with them. Keeps everything in the machine's
 * state, which must be clear before: `clearState` undoes it, and so does the machine's end.
 */
export async function buildStage(
  plan: IsolationPlan,
  { state, rootPath, machineId, outer, launcher, userNamespace }: StageSite,
): Promise<BuiltStage | ImpossibleStage> {
  const ids = await takeIds(state, machineId, plan.ids);
  const stage = stageOf(state);
  // Mount the engine's own root first, so that overlayfs creates its work files: through the mapped mounts
  // that needs an id on disk that does not exist.
  const mapped = await userNamespace.map([
    { inside: 0, outside: ids.base, count: ids.count },
    { inside: ids.count, outside: 0, count: 1 },
  ]);
  const own = beginUserNamespace(plan.ownsNamespace ? ids.base : undefined);
  try {
    openStage(stage, ids.base);
    if (plan.hostname !== undefined) writeFirstHostname(rootPath, plan.overlay.upper, plan.hostname);
    writeFileSync(join(state, stateFile.root), `${rootPath}\n`);
    if (plan.sharesAtStart) writeFileSync(join(state, stateFile.shared), "");
    const obstacle =
      stageLayers(stage, plan.overlay, mapped) ?? (plan.triesLayers ? tryLayers(stage) : undefined);
    if (obstacle !== undefined) return { possible: false, obstacle };
    const mirror = await takePlace(
      { state, place: rootPath, range: ids, overlay: plan.overlay.mounted },
      { launcher, namespace: outer },
    );
    stageRoot(stage, plan.overlay);
    await mirror.show(join(stage, "root"));
    joinNetwork(plan, state);
    const unmapped = plan.binds.filter((bind) => !stageBind(stage, bind, mapped));
    await giveNamespace(stage, own, ids);
    return { possible: true, ids, unmapped };
  } finally {
    closeSync(mapped);
    own.end();
  }
}

/** The launcher starts the runtime in it. */
function joinNetwork({ network, sysfs }: IsolationPlan, state: string): void {
  if (network === undefined) return;
  const stage = stageOf(state);
  const place = stageNetwork(stage, network);
  writeFileSync(join(state, stateFile.network), `${place}\n`);
  if (sysfs) stageSysfs(stage, place);
}

async function giveNamespace(stage: string, own: UserNamespace, { base, count }: IdRange): Promise<void> {
  const namespace = await own.map([{ inside: 0, outside: base, count }]);
  try {
    stageUserNamespace(stage, namespace);
  } finally {
    closeSync(namespace);
  }
}

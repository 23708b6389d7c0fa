import { closeSync, existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CgroupView } from "#contract/cgroups.ts";
import type { RootFiles } from "#contract/guest.ts";
import type { HostCgroup } from "#contract/host.ts";
import { writeFirstHostname } from "#host/files/prepare-root.ts";
import { takeIds } from "#host/namespace/id-ranges.ts";
import {
  openStage,
  stageBind,
  stageLayers,
  stageNetwork,
  stageRoot,
  stageSysfs,
  stageUserNamespace,
} from "#host/namespace/mount-stage.ts";
import { beginUserNamespace, type UserNamespace } from "#host/namespace/user-namespace.ts";
import type { IdRange } from "#linux/id-range.ts";
import { type Overlay, parseOverlay } from "#linux/overlay.ts";
import { joinedNetwork, type OciConfig } from "#oci/config.ts";
import { cgroupBounds } from "#oci/patch.ts";
import {
  domainNameOf,
  isolateConfig,
  lostSysctls,
  needsSysfs,
  ownerOf,
  planBinds,
} from "#oci/user-namespace.ts";
import { takePlace } from "./mirror.ts";
import { stageOf } from "./state.ts";

/**
 * The overlay that the engine has mounted at a container's root; undefined where there is none whose layers
 * could be mounted anew.
 */
export function readOverlay(mountinfo: string, rootPath: string): Overlay | undefined {
  return parseOverlay(mountinfo, rootPath, existsSync);
}

export interface Isolate {
  readonly rootPath: string;
  /** See `RuntimeCreate`. */
  readonly outer: number | undefined;
  readonly launcher: string;
  readonly state: string;
  readonly machineId: string;
  readonly count: number;
  readonly overlay: Overlay;
  /** For the ids of mounts. */
  readonly userNamespace: UserNamespace;
  /** Whether the engine's host name is to be written into the root. */
  readonly writesHostname: boolean;
  /** The machine's files as they will be. */
  readonly files: RootFiles;
  readonly cgroup: HostCgroup;
  readonly view: CgroupView;
  /** The host's; undefined where they are not known. */
  readonly capabilities: ReadonlySet<string> | undefined;
  /** Whether the machine's root may share its mounts: what was dropped or refused holds for that too. */
  readonly sharesMounts: boolean;
  /** Whether it is started by `run` alone. */
  readonly alone: boolean;
}

/**
 * Gives a machine ids of its own and mounts its root and binds by them; the returned config takes it from
 * there. What it makes is in the machine's state, which is clear before, and which whoever ends the machine
 * clears.
 */
export async function isolate(
  config: OciConfig,
  {
    rootPath,
    outer,
    launcher,
    state,
    machineId,
    count,
    overlay,
    userNamespace,
    writesHostname,
    files,
    cgroup,
    view,
    capabilities,
    sharesMounts,
    alone,
  }: Isolate,
): Promise<{ readonly config: OciConfig; readonly warnings: readonly string[] }> {
  const ids = await takeIds(state, machineId, count);
  const stage = stageOf(state);
  // The engine's own root makes overlayfs's work files: through the mapped mounts it needs an id on disk that
  // nobody has.
  const mapped = await userNamespace.map([
    { inside: 0, outside: ids.base, count: ids.count },
    { inside: ids.count, outside: 0, count: 1 },
  ]);
  const own = beginUserNamespace(ownerOf(config, ids, capabilities));
  try {
    openStage(stage, ids.base);
    if (writesHostname) writeFirstHostname(rootPath, overlay.upper, config.hostname ?? "");
    writeFileSync(join(state, "root"), `${rootPath}\n`);
    if (sharesMounts && !alone) writeFileSync(join(state, "shared"), "");
    // Read while the engine's mount is still there.
    const mountPrograms = sharesMounts && alone ? ["/bin/mount", "/usr/bin/mount"] : [];
    const mountProgram = mountPrograms.find((path) => files.resolve(path) !== undefined);
    stageLayers(stage, overlay, mapped);
    const mirror = await takePlace(
      { state, place: rootPath, range: ids, overlay: overlay.mounted },
      { launcher, namespace: outer },
    );
    stageRoot(stage, overlay);
    await mirror.show(join(stage, "root"));
    const joined = joinedNetwork(config);
    if (joined !== undefined) {
      const network = stageNetwork(stage, joined);
      writeFileSync(join(state, "network"), `${network}\n`);
      if (needsSysfs(config)) stageSysfs(stage, network);
    }
    const unmapped = planBinds(config).filter((bind) => !stageBind(stage, bind, mapped));
    const foreign = unmapped.filter(({ destination }) => !/^\/(dev|proc|sys)(\/|$)/.test(destination));
    const warnings = [
      ...foreign.map(
        ({ destination }) =>
          `the file system at ${destination} cannot map ids: its files belong to nobody in the machine`,
      ),
      ...lostSysctls(config).map(
        (name) => `the sysctl ${name} is another container's, whose network the machine has: it was not set`,
      ),
    ];
    await giveNamespace(stage, own, ids);
    const settle = [
      launcher,
      "settle",
      stage,
      String(ids.base),
      cgroup.named ?? "",
      cgroup.unified ?? "",
      domainNameOf(config),
      view === "delegated" && cgroup.named !== undefined ? dirname(cgroup.named) : "",
      cgroupBounds["cgroup.max.descendants"],
      cgroupBounds["cgroup.max.depth"],
      config.root.readonly === true ? "ro" : "rw",
    ];
    return { config: isolateConfig(config, { ids, stage, settle, mountProgram }), warnings };
  } finally {
    closeSync(mapped);
    own.end();
  }
}

async function giveNamespace(stage: string, own: UserNamespace, { base, count }: IdRange): Promise<void> {
  const namespace = await own.map([{ inside: 0, outside: base, count }]);
  try {
    stageUserNamespace(stage, namespace);
  } finally {
    closeSync(namespace);
  }
}

import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Contract, contract } from "#contract/contract.ts";
import { settleCopyUp } from "#contract/copy-up.ts";
import { readGuest } from "#contract/guest.ts";
import type { Host } from "#contract/host.ts";
import { renderLogin } from "#contract/tmpfs.ts";
import { BerthError, hasCode } from "#errors.ts";
import { readEngineRecord } from "#host/facts/engine-record.ts";
import { readHost } from "#host/facts/facts.ts";
import { readContents } from "#host/files/contents.ts";
import { machineFiles } from "#host/files/machine-files.ts";
import { readLxcfs } from "#host/lxcfs/lxcfs.ts";
import { hasBeenStaged } from "#host/namespace/mount-stage.ts";
import { beginUserNamespace } from "#host/namespace/user-namespace.ts";
import { parseCgroupsPath } from "#linux/cgroup-path.ts";
import { environmentOf, nameHost, type OciConfig, ownsNamespace } from "#oci/config.ts";
import { mountedFiles, settleEngineFiles } from "#oci/engine-files.ts";
import { checkTold, withoutImageRequest } from "#oci/image-request.ts";
import { parseConfig, renderConfig } from "#oci/json.ts";
import { patchConfig } from "#oci/patch.ts";
import { requestedHostname, requestedProfile } from "#oci/request.ts";
import { readBundleConfig, writeBundleConfig } from "./bundle-config.ts";
import { removeMachineCgroups } from "./end.ts";
import { isolate, readOverlay } from "./isolate.ts";
import { forgetOthers } from "./mirror.ts";
import { readRequest } from "./read-request.ts";
import { writeLogin, writeMasks } from "./shared-directory.ts";
import { clearState, sweepStates, writeState } from "./state.ts";

export interface RuntimeCreate {
  /** The container's id as the engine calls it. */
  readonly id: string;
  /** The OCI bundle directory, which holds config.json. */
  readonly bundle: string;
  /** Where this machine's own files lie until the runtime's `delete` removes them. */
  readonly state: string;
  /** The real runtime's --root: a container lives as long as there is a directory of its id in it. */
  readonly root: string;
  /**
   * A descriptor of the engine's mount namespace, where the runtime is to run in one of its own, as this
   * process does.
   */
  readonly outer?: number | undefined;
  /** The path of berth-runtime, for the machine's hooks and for the server of mirrors. */
  readonly launcher: string;
  /** Whether the runtime may end the container itself, without a `delete` (`run`). */
  readonly alone?: boolean;
}

interface Applied {
  readonly id: string;
  readonly state: string;
  readonly host: Host;
  readonly needs: Contract;
}

/**
 * Milliseconds that a start takes for cgroups that another machine has left, of which there may be tens of
 * thousands.
 */
const longestSweep = 200;
const nothing = { bytes: 0, inodes: 0, odd: undefined, closed: undefined, deep: undefined };

/**
 * Rewrites a bundle's config.json so that its init boots, if its command is an init; else changes nothing of
 * it. Returns the warnings for the runtime's log. Throws BerthError where the machine cannot boot on this
 * host.
 */
export async function runtimeCreate({
  id,
  bundle,
  state,
  root,
  outer,
  launcher,
  alone = false,
}: RuntimeCreate): Promise<readonly string[]> {
  // Nothing of an earlier start may count, whatever this one is: what was granted in a user namespace must
  // not be granted without one.
  clearState(state);
  const text = readBundleConfig(bundle);
  const given = parseConfig(text) as OciConfig;
  const rootPath = resolve(bundle, given.root.path);
  const record = readEngineRecord(rootPath, id);
  const { config, ignored } =
    record === undefined ? { config: given, ignored: [] } : withoutImageRequest(given, record);
  if (isDisabled(config)) return [];
  const files = machineFiles(rootPath, mountedFiles(config, id));
  const reading = readGuest(config.process.args, files);
  if ("missing" in reading) {
    if (reading.missing === "program" && isInitPath(config.process.args[0])) {
      throw new BerthError(
        "no-init",
        `this image has no init: ${config.process.args[0]} does not exist in it`,
        {
          hint: "install the distribution's init in the image (Debian: systemd-sysv)",
        },
      );
    }
    return [];
  }
  if (record !== undefined) checkTold(record, ignored);
  const profile = requestedProfile(config);
  const wished = requestedHostname(config);
  const hostname = ownsNamespace(config, "uts") ? wished : undefined;
  const named = hostname === undefined ? config : nameHost(config, hostname);
  // Begun first, since it takes as long as all that follows.
  const userNamespace = profile === undefined || profile === "full" ? beginUserNamespace() : undefined;
  try {
    const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
    if (outer !== undefined) forgetOthers(mountinfo, rootPath);
    const overlay = userNamespace && readOverlay(mountinfo, rootPath);
    const request = readRequest(config, { id, profile, found: reading.guest.machineId, record });
    const host = { ...readHost(mountinfo), lxcfs: request.lxcfs ? readLxcfs(mountinfo) : undefined };
    const wasFull = overlay !== undefined && hasBeenStaged(overlay);
    const taken = new Set(config.mounts?.map(({ destination }) => destination));
    const apply = async (obstacle?: string) => {
      const storage = overlay === undefined ? "other" : "overlay";
      const needs = contract(reading.guest, host, { ...request, storage, wasFull, obstacle });
      writeState(state, needs, { ...request, hostname, cgroup: limitedCgroup(config, host, needs) });
      const { tmpfs, warnings } = settleCopyUp(needs.tmpfs, (path, most) =>
        taken.has(path) ? nothing : readContents(rootPath, path, { most, ids: needs.ids }),
      );
      const hostnameFile = join(state, "hostname");
      const settled = settleEngineFiles(named, {
        id,
        isolated: needs.ids !== undefined,
        hostname,
        hostnameFile,
        files,
      });
      const isolated =
        needs.ids === undefined || overlay === undefined || userNamespace === undefined
          ? { config: settled.config, warnings: [] }
          : await isolate(settled.config, {
              rootPath,
              outer,
              launcher,
              files,
              writesHostname: settled.writesHostname,
              state,
              overlay,
              userNamespace,
              machineId: request.machineId,
              count: needs.ids,
              cgroup: host.cgroup,
              view: needs.cgroup,
              capabilities: host.capabilities,
              sharesMounts:
                needs.capabilities.includes("CAP_SYS_ADMIN") && needs.systemCalls.includes("mount"),
              alone,
            });
      const patched = applyContract(isolated.config, { id, state, host, needs: { ...needs, tmpfs } });
      writeBundleConfig(bundle, text, renderConfig(alone ? clearedAtEnd(patched, launcher, state) : patched));
      return [
        ...ignored.map(leftOut),
        ...needs.warnings,
        ...warnings,
        ...settled.warnings,
        ...isolated.warnings,
      ];
    };
    const end = performance.now() + longestSweep;
    sweepStates(dirname(state), root, (left) => removeMachineCgroups(left, end));
    try {
      return await apply();
    } catch (error) {
      // That a file system maps no ids only shows when it is asked to. Whatever else fails may be a machine's
      // doing, and makes none strict.
      if (profile !== undefined || !hasCode(error, "layers-unmapped")) throw error;
      clearState(state);
      return await apply(error.message);
    }
  } finally {
    userNamespace?.end();
  }
}

/**
 * Where a machine without a user namespace may set limits for some of itself: on cgroup2 alone, by the
 * controllers that it has of the engine.
 */
function limitedCgroup(
  config: OciConfig,
  { cgroup: { unified } }: Host,
  { ids, cgroup }: Contract,
): string | undefined {
  const path = parseCgroupsPath(config.linux?.cgroupsPath);
  return ids !== undefined || cgroup !== "cgroup2" || unified === undefined || path === undefined
    ? undefined
    : join(unified, path);
}

function applyContract(config: OciConfig, { id, state, host, needs }: Applied): OciConfig {
  return patchConfig(config, needs, {
    id,
    named: host.cgroup.named,
    unified: host.cgroup.unified,
    maskedUnits: writeMasks(needs.masks.units),
    maskedGenerators: writeMasks(needs.masks.generators),
    login: writeLogin(renderLogin(needs)),
    runHost: join(state, "host"),
    machineId: needs.machineId === undefined ? undefined : join(state, "machine-id"),
  });
}

/**
 * With a hook that does at the container's end what `delete` does: whoever runs a container in the foreground
 * calls none.
 */
function clearedAtEnd(config: OciConfig, launcher: string, state: string): OciConfig {
  const hook = { path: launcher, args: [launcher, "clear", state] };
  return { ...config, hooks: { ...config.hooks, poststop: [...(config.hooks?.poststop ?? []), hook] } };
}

/**
 * Appends to the file named by the runtime's --log, in the JSON form that containerd and CRI-O read back to
 * the user.
 */
export function logRuntime(file: string, level: "warning" | "error", message: string): void {
  if (file !== "")
    appendFileSync(file, `${JSON.stringify({ level, msg: message, time: new Date().toISOString() })}\n`);
}

const leftOut = (entry: string) =>
  `${entry} is in the image's own environment, and so was left out: it is the user's to ask for (with -e BERTH_IMAGE=, the image's id, it counts)`;

/** oci-systemd-hook's switch, which its users have in their scripts, and our own. */
function isDisabled(config: OciConfig): boolean {
  return [environmentOf(config, "oci-systemd-hook"), environmentOf(config, "BERTH_RUNTIME")].some(
    (value) => value?.toLowerCase() === "disabled",
  );
}

function isInitPath(path: string | undefined): boolean {
  return path !== undefined && path !== "/init" && /^\/(.*\/)?(init|systemd)$/.test(path);
}

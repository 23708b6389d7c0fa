import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Contract, contract } from "../contract/contract.ts";
import { readGuest } from "../contract/guest.ts";
import type { Host } from "../contract/host.ts";
import type { Wishes } from "../contract/wishes.ts";
import { BerthError, hasCode } from "../errors.ts";
import { readHost } from "../host/facts.ts";
import { readLxcfs } from "../host/lxcfs.ts";
import { rootFiles } from "../host/root-files.ts";
import { sha256 } from "../host/sha256.ts";
import { beginUserNamespace } from "../host/user-namespace.ts";
import { environmentOf, type OciConfig, ownsNamespace } from "../oci/config.ts";
import { parseConfig, renderConfig } from "../oci/json.ts";
import { patchConfig } from "../oci/patch.ts";
import { wishedIds, wishedLxcfs, wishedProfile } from "../oci/wished.ts";
import type { Profile } from "../spec/machine.ts";
import { isolate, readOverlay } from "./isolate.ts";
import { clearState, sweepStates, writeState } from "./runtime-state.ts";

export interface RuntimeCreate {
  /** The container's id as the engine calls it. */
  readonly id: string;
  /** The OCI bundle directory, which holds config.json. */
  readonly bundle: string;
  /** Where this machine's own files lie until the runtime's `delete` removes them. */
  readonly state: string;
  /** The real runtime's --root: a container lives as long as there is a directory of its id in it. */
  readonly root: string;
}

interface Applied {
  readonly id: string;
  readonly state: string;
  readonly host: Host;
  readonly needs: Contract;
}

const masksDirectory = "/run/berth/masks";

/**
 * Rewrites a bundle's config.json so that its init boots, if its command is an init; else changes nothing at all.
 * Returns the warnings for the runtime's log. Throws BerthError where the machine cannot boot on this host.
 */
export async function runtimeCreate({ id, bundle, state, root }: RuntimeCreate): Promise<readonly string[]> {
  const file = join(bundle, "config.json");
  const config = parseConfig(readFileSync(file, "utf8")) as OciConfig;
  if (isDisabled(config)) return [];
  const rootPath = resolve(bundle, config.root.path);
  const reading = readGuest(config.process.args, rootFiles(rootPath));
  if ("missing" in reading) {
    if (reading.missing === "program" && isInitPath(config.process.args[0])) {
      throw new BerthError("no-init", `this image has no init: ${config.process.args[0]} does not exist in it`, {
        hint: "install the distribution's init in the image (Debian: systemd-sysv)",
      });
    }
    return [];
  }
  const profile = wishedProfile(config);
  // Begun first, since it takes as long as all that follows.
  const userNamespace = profile === undefined || profile === "full" ? beginUserNamespace() : undefined;
  try {
    const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
    const overlay = userNamespace && readOverlay(mountinfo, rootPath);
    const wishes = wishesOf(config, id, profile);
    const host = { ...readHost(mountinfo), lxcfs: wishes.lxcfs ? readLxcfs(mountinfo) : undefined };
    const apply = async (obstacle?: string) => {
      const needs = contract(reading.guest, host, { ...wishes, storage: overlay === undefined ? "other" : "overlay", obstacle });
      // Nothing of an earlier start may count: what was granted in a user namespace must not be granted without one.
      clearState(state);
      writeState(state, needs, wishes);
      const isolated =
        needs.ids === undefined || overlay === undefined || userNamespace === undefined
          ? { config, warnings: [] }
          : await isolate(config, {
              id,
              rootPath,
              state,
              overlay,
              userNamespace,
              machineId: wishes.machineId,
              count: needs.ids,
              cgroup: host.cgroup,
              view: needs.cgroup,
            });
      writeFileSync(file, renderConfig(applyContract(isolated.config, { id, state, host, needs })));
      return [...needs.warnings, ...isolated.warnings];
    };
    sweepStates(dirname(state), root);
    try {
      return await apply();
    } catch (error) {
      // What a file system can do with ids only shows when it is asked to.
      if (profile !== undefined || !hasCode(error, "host-unfit")) throw error;
      return await apply(error.message);
    }
  } finally {
    userNamespace?.end();
  }
}

function applyContract(config: OciConfig, { id, state, host, needs }: Applied): OciConfig {
  return patchConfig(config, needs, {
    id,
    named: host.cgroup.named,
    unified: host.cgroup.unified,
    maskedUnits: writeMasks(needs.masks.units),
    maskedGenerators: writeMasks(needs.masks.generators),
    runHost: join(state, "host"),
    machineId: needs.machineId === undefined ? undefined : join(state, "machine-id"),
  });
}

/** Appends to the file named by the runtime's --log, in the JSON form that containerd and CRI-O read back to the user. */
export function logRuntime(file: string, level: "warning" | "error", message: string): void {
  if (file !== "") appendFileSync(file, `${JSON.stringify({ level, msg: message, time: new Date().toISOString() })}\n`);
}

/** oci-systemd-hook's switch, which its users have in their scripts, and our own. */
function isDisabled(config: OciConfig): boolean {
  return [environmentOf(config, "oci-systemd-hook"), environmentOf(config, "BERTH_RUNTIME")].some(
    (value) => value?.toLowerCase() === "disabled",
  );
}

function isInitPath(path: string | undefined): boolean {
  return path !== undefined && path !== "/init" && /^\/(.*\/)?(init|systemd)$/.test(path);
}

function wishesOf(config: OciConfig, id: string, profile: Profile | undefined): Omit<Wishes, "storage" | "obstacle"> {
  const capabilities = config.process.capabilities?.bounding ?? [];
  return {
    profile,
    applied: "runtime",
    ids: wishedIds(config),
    lxcfs: wishedLxcfs(config),
    capabilities,
    terminal: config.process.terminal ?? false,
    machineId: machineIdOf(environmentOf(config, "container_uuid"), id),
    manager: "docker",
    remapped: config.linux?.namespaces?.some(({ type }) => type === "user") ?? false,
    shared: ["network", "pid", "ipc", "uts"].filter((type) => !ownsNamespace(config, type)),
    ownNetwork: ownsNamespace(config, "network"),
  };
}

/** The user's own container_uuid, else the head of the engine's id, which is random and lasts as long as the machine. */
function machineIdOf(uuid: string | undefined, id: string): string {
  const digits = uuid?.replaceAll("-", "").toLowerCase();
  if (digits !== undefined && /^[0-9a-f]{32}$/.test(digits)) return digits;
  return /^[0-9a-f]{32}/.test(id) ? id.slice(0, 32) : sha256(id).slice(0, 32);
}

/**
 * A directory with a link to /dev/null of each name. Machines share it, named after its content; it is made aside and
 * renamed, so that another machine's start never sees half of it.
 */
function writeMasks(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const directory = join(masksDirectory, sha256(names.join("\n")).slice(0, 16));
  if (existsSync(directory)) return directory;
  mkdirSync(masksDirectory, { recursive: true, mode: 0o755 });
  const draft = mkdtempSync(`${directory}.`);
  chmodSync(draft, 0o755);
  for (const name of names) symlinkSync("/dev/null", join(draft, name));
  try {
    renameSync(draft, directory);
  } catch (cause) {
    rmSync(draft, { recursive: true });
    if (!existsSync(directory)) throw cause;
  }
  return directory;
}

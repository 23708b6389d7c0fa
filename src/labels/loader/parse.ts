import { type Profile, profiles } from "#contract/profiles.ts";
import { type DockerFlags, parseDockerFlags } from "#docker-flags/flags.ts";
import { flagsFromArgs, splitList } from "#docker-flags/list.ts";
import { BerthError } from "#errors.ts";
import { parseCapability } from "#linux/capability.ts";
import { parseStopSignal } from "#linux/signal.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { renderFault } from "#machinefile/problem.ts";
import { parseDuration } from "#machinefile/value/duration.ts";
import { parseVariable, parseVariableName } from "#machinefile/value/environment.ts";
import { parseCpus, parseCpuset, parseIds, parsePids } from "#machinefile/value/limit.ts";
import { parseHostname, parseName } from "#machinefile/value/name.ts";
import { normalizePath } from "#machinefile/value/path.ts";
import { type Publish, parsePublish, publishesCollide } from "#machinefile/value/publish.ts";
import { parseRootFolder } from "#machinefile/value/root-folder.ts";
import { parseMemory, parseMemorySwap } from "#machinefile/value/size.ts";
import { parseVolume, type VolumeSpec } from "#machinefile/value/volume.ts";
import { suggest } from "#suggest.ts";
import { suggestionOf, usageError } from "#usage.ts";
import { type LoaderKey, type LoaderLabel, readLabel } from "./labels.ts";
import type { LoaderSpec } from "./spec.ts";

/** A value that a label gives, and the label that did. */
type Values = Map<LoaderKey, { readonly label: string; readonly value: string }>;

/**
 * What the labels of a service's container ask for. Lists are divided by commas; what holds one stands in
 * quotes. Throws one `usage` error that names every label with something wrong in it.
 */
export function parseLoaderLabels(labels: Readonly<Record<string, string>>): LoaderSpec {
  const problems: string[] = [];
  const attempt = <T>(label: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      problems.push(`${label}: ${renderFault({ message: error.message, suggestion: suggestionOf(error) })}`);
      return undefined;
    }
  };
  const found = Object.entries(labels).flatMap(
    ([label, value]) => attempt(label, () => readLabel(label, value)) ?? [],
  );
  const variables = found.filter(({ variable }) => variable !== undefined);
  const values = collectValues(
    found.filter(({ variable }) => variable === undefined),
    problems,
  );
  const read = <T>(key: LoaderKey, parse: (value: string) => T): T | undefined => {
    const given = values.get(key);
    return given === undefined ? undefined : attempt(given.label, () => parse(given.value));
  };

  const flags = read("args", parseArgs) ?? parseDockerFlags([]);
  const { volumes, notes } = dropGiven(
    read("volumes", (text) => splitList(text).map(parseLoaderVolume)) ?? [],
  );
  const own = {
    root: read("root", parseRootFolder),
    image: read("image", parseWord),
    profile:
      read("profile", parseProfile) ??
      (flags.body.HostConfig?.Privileged === true ? "privileged" : undefined),
    ids: read("ids", parseIds),
    lxcfs: read("lxcfs", parseLxcfs),
    hostname: read("hostname", parseHostname) ?? (flags.body.Hostname || undefined),
    stopSignal: read("stop-signal", parseStopSignal),
    stopTimeout: read("stop-timeout", parseDuration),
    cpus: read("cpus", parseCpus),
    cpuset: read("cpuset-cpus", parseCpuset),
    memory: read("memory", parseMemory),
    memorySwap: read("memory-swap", parseMemorySwap),
    pids: read("pids", parsePids),
    machine: read("machine", parseName),
  };
  const spec: LoaderSpec = {
    ...omitUndefined(own),
    command: [...(read("command", parseCommand) ?? ["/sbin/init"]), ...(read("arguments", splitList) ?? [])],
    volumes,
    tmpfs: Object.fromEntries((read("tmpfs", splitList) ?? []).map(parseTmpfs)),
    publish: read("publish", parsePublishes) ?? [],
    environment: {
      ...Object.fromEntries(
        (read("environment", splitList) ?? []).flatMap(
          (text) => attempt("environment", () => parseAssignment(text)) ?? [],
        ),
      ),
      ...Object.fromEntries(
        variables.flatMap(
          ({ label, variable = "", value }) =>
            attempt(label, () => [[parseVariableName(variable), value]]) ?? [],
        ),
      ),
    },
    capabilities: [...new Set(read("capabilities", (text) => splitList(text).map(parseCapability)) ?? [])],
    flags,
    notes,
  };
  if (spec.root === undefined && spec.image === undefined && !values.has("root"))
    problems.push(
      "there is no root: name the machine's folder with the label berth.loader.root (or foreign-root.folder)",
    );
  if (problems.length > 0) {
    throw new BerthError(
      "usage",
      `the service's labels cannot be used:\n${problems.map((text) => `  ${text}`).join("\n")}`,
      {
        hint: "mend them: docker service update --container-label-add LABEL=VALUE SERVICE",
        details: problems,
      },
    );
  }
  return spec;
}

/** A key given by two labels must be the same in both: which of them is meant, nobody could tell. */
function collectValues(found: readonly LoaderLabel[], problems: string[]): Values {
  const values: Values = new Map();
  for (const { label, key, value } of found) {
    const other = values.get(key);
    if (other !== undefined && other.value !== value)
      problems.push(`${label}: ${other.label} says otherwise`);
    values.set(key, { label, value });
  }
  return values;
}

function parseWord(text: string): string {
  if (!/^[^\s-]\S*$/.test(text)) throw usageError(`"${text}" is not a name`);
  return text;
}

function parseCommand(text: string): readonly string[] {
  const words = splitList(text);
  if (!words[0]?.startsWith("/"))
    throw usageError(`"${text}" is not an init; write its absolute path, such as /sbin/init`);
  return words;
}

function parseProfile(text: string): Profile {
  const profile = profiles.find((known) => known === text);
  if (profile === undefined)
    throw usageError(`"${text}" is not a profile; use ${profiles.join(", ")}`, suggest(text, profiles));
  return profile;
}

/** Where lxcfs is; its usual place for a mere yes. */
function parseLxcfs(text: string): string | undefined {
  if (/^(1|true|yes|on)$/i.test(text)) return "/var/lib/lxcfs";
  if (/^(0|false|no|off|)$/i.test(text)) return undefined;
  if (!text.startsWith("/"))
    throw usageError(`"${text}" is not the absolute path of lxcfs, such as /var/lib/lxcfs`);
  return normalizePath(text);
}

function parseAssignment(text: string): readonly (readonly [string, string])[] {
  const { name, value } = parseVariable(text);
  if (value === undefined) throw usageError(`"${text}" has no value; write ${name}=…`);
  return [[name, value]];
}

function parseTmpfs(text: string): readonly [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** As for any machine, but on a host that is not this one: nothing is relative to anything. */
function parseLoaderVolume(text: string): VolumeSpec {
  const volume = parseVolume(text);
  if (volume.kind === "bind" && !volume.source?.startsWith("/"))
    throw usageError(`"${text}": a path of the host is absolute`);
  return volume;
}

function parsePublishes(text: string): readonly Publish[] {
  const list = splitList(text).map(parsePublish);
  for (const [index, publish] of list.entries()) {
    if (publish.hostPort === 0)
      throw usageError("a port of the host must be named; 0 is no port that anyone could know");
    if (list.slice(0, index).some((other) => publishesCollide(other, publish)))
      throw usageError(`port ${publish.hostPort}/${publish.protocol} of the host is published twice`);
  }
  return list;
}

/** What the loader does itself, and whose flags would undo it. */
function parseArgs(text: string): DockerFlags {
  const flags = parseDockerFlags(flagsFromArgs(text));
  const { HostConfig = {} } = flags.body;
  const refused: readonly (readonly [unknown, string])[] = [
    [flags.name, "name: the machine is named after its task"],
    [HostConfig.AutoRemove, "rm: the loader removes the machine"],
    [HostConfig.RestartPolicy, "restart: the swarm starts the service's tasks again (--restart-condition)"],
    [
      HostConfig.NetworkMode ?? flags.body.NetworkingConfig ?? flags.body.MacAddress,
      "network: the machine has its service's network, and with it ip, mac-address and the like (docker service create --network)",
    ],
    [
      HostConfig.Dns ?? HostConfig.DnsOptions ?? HostConfig.DnsSearch ?? HostConfig.ExtraHosts,
      "dns, add-host: its service's network has them, too (docker service create --dns, --host)",
    ],
    [flags.body.Entrypoint, "entrypoint: it is a label of its own"],
    [HostConfig.PortBindings ?? HostConfig.PublishAllPorts, "publish: it is a label of its own"],
  ];
  const reasons = refused.filter(([value]) => value !== undefined).map(([, reason]) => reason);
  if (reasons.length > 0)
    throw usageError(`these flags are not the machine's to have: ${reasons.join("; ")}`);
  return flags;
}

/** Places of which the contract gives a machine its own, as its init needs them. */
const ofContract = ["/run", "/run/lock", "/tmp", "/sys/fs/cgroup"];

/**
 * The volumes without those recipes for systemd in a container which the contract replaces. The one that
 * binds the host's cgroups would let the machine's services out of the machine's own.
 */
function dropGiven(volumes: readonly VolumeSpec[]): {
  readonly volumes: readonly VolumeSpec[];
  readonly notes: readonly string[];
} {
  const isGiven = ({ kind, source, target }: VolumeSpec) =>
    ofContract.includes(target) &&
    (kind === "anonymous" || (target === "/sys/fs/cgroup" && source === target));
  return {
    volumes: volumes.filter((volume) => !isGiven(volume)),
    notes: volumes
      .filter(isGiven)
      .map(
        ({ target }) =>
          `the volume at ${target} is left out: the machine has its own ${target}, as its init needs it`,
      ),
  };
}

import { type DockerFlags, parseDockerFlags } from "#docker-flags/flags.ts";
import { flagsFromArgs, splitList } from "#docker-flags/list.ts";
import { parseVariable } from "#machinefile/value/environment.ts";
import { normalizePath } from "#machinefile/value/path.ts";
import { type Publish, parsePublish, publishesCollide } from "#machinefile/value/publish.ts";
import { parseVolume, type VolumeSpec } from "#machinefile/value/volume.ts";
import { usageError } from "#usage.ts";

/** The reference of an image. */
export function parseImage(text: string): string {
  if (!/^[^\s-]\S*$/.test(text)) throw usageError(`"${text}" is not a name`);
  return text;
}

/** The init by its absolute path, and its arguments. */
export function parseCommand(text: string): readonly string[] {
  const words = splitList(text);
  if (!words[0]?.startsWith("/"))
    throw usageError(`"${text}" is not an init; write its absolute path, such as /sbin/init`);
  return words;
}

/** Where lxcfs is; its usual place for a mere yes. */
export function parseLxcfs(text: string): string | undefined {
  if (/^(1|true|yes|on)$/i.test(text)) return "/var/lib/lxcfs";
  if (/^(0|false|no|off|)$/i.test(text)) return undefined;
  if (!text.startsWith("/"))
    throw usageError(`"${text}" is not the absolute path of lxcfs, such as /var/lib/lxcfs`);
  return normalizePath(text);
}

/** `NAME=VALUE`; the loader has no environment of a caller to take a value from. */
export function parseAssignment(text: string): readonly [string, string] {
  const { name, value } = parseVariable(text);
  if (value === undefined) throw usageError(`"${text}" has no value; write ${name}=…`);
  return [name, value];
}

/** A list of `PATH[:OPTIONS]` as path → options, which the engine judges. */
export function parseTmpfs(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    splitList(text).map((item) => {
      const at = item.indexOf(":");
      return at < 0 ? [item, ""] : [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}

/** A list of volumes, on a host that is not this one: nothing is relative to anything. */
export function parseVolumes(text: string): readonly VolumeSpec[] {
  return splitList(text).map((item) => {
    const volume = parseVolume(item);
    if (volume.kind === "bind" && !volume.source?.startsWith("/"))
      throw usageError(`"${item}": a path of the host is absolute`);
    return volume;
  });
}

/** A list of ports, each named and published once. */
export function parsePublishes(text: string): readonly Publish[] {
  const list = splitList(text).map(parsePublish);
  for (const [index, publish] of list.entries()) {
    if (publish.hostPort === 0)
      throw usageError("a port of the host must be named; 0 is no port that anyone could know");
    if (list.slice(0, index).some((other) => publishesCollide(other, publish)))
      throw usageError(`port ${publish.hostPort}/${publish.protocol} of the host is published twice`);
  }
  return list;
}

/** Flags of `docker run`, without those for what the loader does itself. */
export function parseArgs(text: string): DockerFlags {
  const flags = parseDockerFlags(flagsFromArgs(text));
  const { HostConfig = {} } = flags.body;
  const refused: readonly (readonly [unknown, string])[] = [
    [flags.name, "name: the machine is named after its task"],
    [HostConfig.AutoRemove, "rm: the loader removes the machine"],
    [HostConfig.RestartPolicy, "restart: the swarm starts the service's tasks again (--restart-condition)"],
    [
      HostConfig.NetworkMode ?? flags.body.NetworkingConfig ?? flags.body.MacAddress,
      "network: the machine has its service's network, and with it ip, mac-address and the like (docker " +
        "service create --network)",
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

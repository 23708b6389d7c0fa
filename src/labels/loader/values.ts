import { type DockerFlags, parseDockerFlags } from "#docker-flags/flags.ts";
import { flagsFromArgs, splitList } from "#docker-flags/list.ts";
import { parseVariable } from "#machinefile/value/environment.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { normalizePath } from "#machinefile/value/path.ts";
import { type Publish, parsePublish, publishesCollide } from "#machinefile/value/publish.ts";
import { parseVolume, type VolumeSpec } from "#machinefile/value/volume.ts";
import { usageError } from "#usage.ts";

/** The reference of an image. */
export function parseImage(text: string): string {
  if (!/^[^\s-]\S*$/.test(text)) throw invalid("image", text, "example: debian:12");
  return text;
}

/** The init by its absolute path, and its arguments. */
export function parseCommand(text: string): readonly string[] {
  const words = splitList(text);
  if (!words[0]?.startsWith("/"))
    throw invalid("init", text, "example: /sbin/init; must be an absolute path");
  return words;
}

/** The directory of lxcfs; its usual place for `true`. */
export function parseLxcfs(text: string): string | undefined {
  if (/^(1|true|yes|on)$/i.test(text)) return "/var/lib/lxcfs";
  if (/^(0|false|no|off|)$/i.test(text)) return undefined;
  if (!text.startsWith("/"))
    throw invalid("lxcfs", text, "true, false, or an absolute path; example: /var/lib/lxcfs");
  return normalizePath(text);
}

/** `NAME=VALUE`; the loader has no environment of a caller to take a value from. */
export function parseAssignment(text: string): readonly [string, string] {
  const { name, value } = parseVariable(text);
  if (value === undefined) throw invalid("variable", text, `example: ${name}=VALUE`);
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
      throw invalid("volume", item, "example: /srv/data:/data; the host path must be absolute");
    return volume;
  });
}

/** A list of ports, each named and published once. */
export function parsePublishes(text: string): readonly Publish[] {
  const list = splitList(text).map(parsePublish);
  for (const [index, publish] of list.entries()) {
    if (publish.hostPort === 0)
      throw usageError("host port 0 (example: 8080:80; clients must know the port)");
    if (list.slice(0, index).some((other) => publishesCollide(other, publish)))
      throw usageError(`duplicate host port ${publish.hostPort}/${publish.protocol}`);
  }
  return list;
}

/** Flags of `docker run`, without those for what the loader does itself. */
export function parseArgs(text: string): DockerFlags {
  const flags = parseDockerFlags(flagsFromArgs(text));
  const { HostConfig = {} } = flags.body;
  const refused: readonly (readonly [unknown, string])[] = [
    [flags.name, "name: the swarm's task names the machine"],
    [HostConfig.AutoRemove, "rm: the loader removes the machine"],
    [HostConfig.Init || undefined, "init: PID 1 must be the machine's own init"],
    [
      HostConfig.RestartPolicy,
      "restart: the swarm restarts the tasks (docker service create --restart-condition)",
    ],
    [
      HostConfig.NetworkMode ?? flags.body.NetworkingConfig ?? flags.body.MacAddress,
      "network, ip, mac-address: the service sets the network (docker service create --network)",
    ],
    [
      HostConfig.Dns ?? HostConfig.DnsOptions ?? HostConfig.DnsSearch ?? HostConfig.ExtraHosts,
      "dns, add-host: the service sets them (docker service create --dns, --host)",
    ],
    [flags.body.Entrypoint, "entrypoint: use the label berth.loader.command"],
    [HostConfig.PortBindings ?? HostConfig.PublishAllPorts, "publish: use the label berth.loader.publish"],
  ];
  const reasons = refused.filter(([value]) => value !== undefined).map(([, reason]) => reason);
  if (reasons.length > 0) throw usageError(`unsupported flags: ${reasons.join("; ")}`);
  return flags;
}

import { release } from "node:os";
import { image, type Place } from "./place.ts";

/** What a table depends on beside berth. */
export interface Versions {
  readonly kernel: string;
  readonly engine: string;
  readonly runc: string;
  /** systemd in the machines. */
  readonly systemd: string;
  /** Undefined where the columns need no peers. */
  readonly nspawn: string | undefined;
  readonly lxc: string | undefined;
  /** Capabilities that the host does not have to give. */
  readonly lacking: readonly string[];
  /** The security modules that confine containers and are on. */
  readonly modules: readonly string[];
}

export async function readVersions(place: Place): Promise<Versions> {
  const first = async (command: string, ...args: readonly string[]) => {
    const { status, stdout } = await place.tryRun(
      "sh",
      "-c",
      'command -v "$1" >/dev/null && exec "$@"',
      "sh",
      command,
      ...args,
    );
    return status === 0 ? /\d+(\.\d+)+|\d+/.exec(stdout)?.[0] : undefined;
  };
  const guest = await place.node.docker("run", "--rm", "--entrypoint", "/bin/systemctl", image, "--version");
  const { stdout: sets } = await place.node.run("cat", "/proc/1/status");
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(sets)?.[1] ?? "0"}`);
  return {
    kernel: release(),
    engine: (await place.node.docker("version", "--format", "{{.Server.Version}}")).stdout.trim(),
    runc: (await first("runc", "--version")) ?? "unknown",
    systemd: /\d+/.exec(guest.stdout)?.[0] ?? "unknown",
    nspawn: await first("systemd-nspawn", "--version"),
    lxc: await first("lxc-start", "--version"),
    lacking: watched.flatMap(([bit, name]) => (((bounding >> BigInt(bit)) & 1n) === 0n ? [name] : [])),
    modules: await readModules(place),
  };
}

async function readModules({ node }: Place): Promise<readonly string[]> {
  const script =
    "! grep -qs Y /sys/module/apparmor/parameters/enabled || echo AppArmor; " +
    "[ ! -e /sys/fs/selinux/enforce ] || echo SELinux";
  return (await node.run("sh", "-c", script)).stdout.split("\n").filter((line) => line !== "");
}

/** capabilities(7) that hosts are known to withhold from containers and virtual machines. */
const watched = [
  [12, "CAP_NET_ADMIN"],
  [16, "CAP_SYS_MODULE"],
  [17, "CAP_SYS_RAWIO"],
  [19, "CAP_SYS_PTRACE"],
  [21, "CAP_SYS_ADMIN"],
  [23, "CAP_SYS_NICE"],
  [24, "CAP_SYS_RESOURCE"],
  [25, "CAP_SYS_TIME"],
  [27, "CAP_MKNOD"],
] as const;

import type { Contract } from "../contract/contract.ts";
import { parseCgroupsPath } from "./cgroup-path.ts";
import type { CapabilitySet, OciConfig, OciMount } from "./config.ts";

/** Where the runtime has put what the contract needs from the host's side; undefined where the contract asks for none. */
export interface Surroundings {
  /** The container's id, as the runtime was called with. */
  readonly id: string;
  /** Where the named v1 hierarchy and cgroup2 are mounted on the host. */
  readonly named: string | undefined;
  readonly unified: string | undefined;
  /** A directory of links to /dev/null named as units, one named as generators. */
  readonly maskedUnits: string | undefined;
  readonly maskedGenerators: string | undefined;
  /** A directory for /run/host. */
  readonly runHost: string;
  /** A file that covers the image's /etc/machine-id; undefined where the contract leaves that alone. */
  readonly machineId: string | undefined;
}

/**
 * Applies the contract to a container's config.json and returns the new one; the given one is left alone.
 * Mounts which the user asked for at the same destination stay as they are.
 */
export function patchConfig(config: OciConfig, contract: Contract, surroundings: Surroundings): OciConfig {
  const cgroupsPath = parseCgroupsPath(config.linux?.cgroupsPath) ?? `/berth/${surroundings.id}`;
  const needsPath = contract.cgroup === "named" || contract.cgroup === "unified";
  const linux = config.linux ?? {};
  return {
    ...config,
    process: {
      ...config.process,
      args: [...config.process.args, ...contract.arguments],
      env: patchEnvironment(config.process.env ?? [], contract),
      ...(config.process.capabilities ? { capabilities: patchCapabilities(config.process.capabilities, contract.capabilities) } : {}),
    },
    mounts: patchMounts(config.mounts ?? [], contract, surroundings, cgroupsPath),
    linux: {
      ...linux,
      ...(needsPath && parseCgroupsPath(linux.cgroupsPath) === undefined ? { cgroupsPath } : {}),
      ...(contract.cgroup === "read-only" ? {} : { namespaces: privateCgroups(linux.namespaces ?? []) }),
      ...(linux.seccomp ? { seccomp: patchSeccomp(linux.seccomp, contract.systemCalls) } : {}),
      // The host's virtual consoles would let init and agetty write on the host's screen.
      ...(linux.devices ? { devices: linux.devices.filter((device) => !/^\/dev\/tty\d+$/.test(device.path)) } : {}),
      ...(linux.readonlyPaths ? { readonlyPaths: patchReadonlyPaths(linux.readonlyPaths, contract) } : {}),
    },
  };
}

/** Our own variables (BERTH_…) are for the runtime and not for the machine. */
function patchEnvironment(env: readonly string[], contract: Contract): string[] {
  const nameOf = (entry: string) => entry.slice(0, entry.indexOf("="));
  const kept = env.filter((entry) => !(nameOf(entry) in contract.environment) && !entry.startsWith("BERTH_"));
  const names = new Set(kept.map(nameOf));
  const added = {
    ...Object.fromEntries(Object.entries(contract.defaultEnvironment).filter(([name]) => !names.has(name))),
    ...contract.environment,
  };
  return [...kept, ...Object.entries(added).map(([name, value]) => `${name}=${value}`)];
}

/** Adds to each set what the contract grants beyond it, and takes from each what it does not grant. Inheritable and ambient sets are never widened. */
function patchCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  granted: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  const narrow = (set: string[]) => set.filter((name) => granted.includes(name));
  return Object.fromEntries(
    Object.entries(sets).map(([name, set]) => [name, name === "inheritable" || name === "ambient" ? narrow(set) : [...granted]]),
  );
}

function privateCgroups(namespaces: readonly { type: string; path?: string }[]) {
  return [...namespaces.filter((namespace) => namespace.type !== "cgroup"), { type: "cgroup" }];
}

function patchSeccomp(seccomp: NonNullable<NonNullable<OciConfig["linux"]>["seccomp"]>, names: readonly string[]) {
  return { ...seccomp, syscalls: [...(seccomp.syscalls ?? []), { names: [...names], action: "SCMP_ACT_ALLOW" }] };
}

function patchReadonlyPaths(paths: readonly string[], contract: Contract): string[] {
  const sysctls = contract.readOnlySysctls;
  return sysctls === undefined ? [...paths] : paths.flatMap((path) => (path === "/proc/sys" ? sysctls : [path]));
}

const cgroupOptions = ["nosuid", "noexec", "nodev"];

function patchMounts(mounts: readonly OciMount[], contract: Contract, surroundings: Surroundings, cgroupsPath: string): OciMount[] {
  const taken = new Set(mounts.map((mount) => mount.destination));
  const patched = mounts.flatMap((mount) => {
    if (mount.destination === "/sys/fs/cgroup") return patchCgroupMount(mount, contract, surroundings, cgroupsPath);
    // A writable /sys makes udev and logind take the host's devices for theirs, privileged or not.
    if (mount.destination === "/sys" && mount.type === "sysfs") return [{ ...mount, options: readOnly(mount.options ?? []) }];
    return [mount];
  });
  const added: OciMount[] = contract.tmpfs
    .filter((tmpfs) => !taken.has(tmpfs.target))
    .map((tmpfs) => ({
      destination: tmpfs.target,
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "nodev", "exec", `mode=${tmpfs.mode}`, ...(tmpfs.copyUp ? ["tmpcopyup"] : [])],
    }));
  const binds: readonly (readonly [string, string | undefined])[] = [
    ["/run/host", surroundings.runHost],
    ["/run/systemd/system.attached", surroundings.maskedUnits],
    ["/run/systemd/system-generators", surroundings.maskedGenerators],
    ["/etc/machine-id", surroundings.machineId],
  ];
  for (const [destination, source] of binds) {
    if (source !== undefined && !taken.has(destination)) {
      added.push({ destination, type: "bind", source, options: ["bind", "ro", "nosuid", "nodev", "noexec", "rprivate"] });
    }
  }
  // Before anything the user mounts below /run or /tmp, so that it stays visible.
  const first = patched.findIndex((mount) => /^\/(run|tmp)\//.test(mount.destination) && mount.destination !== "/run/lock");
  return first === -1 ? [...patched, ...added] : [...patched.slice(0, first), ...added, ...patched.slice(first)];
}

function patchCgroupMount(mount: OciMount, contract: Contract, surroundings: Surroundings, cgroupsPath: string): OciMount[] {
  const bind = (destination: string, source: string): OciMount => ({
    destination,
    type: "bind",
    source: source + cgroupsPath,
    options: ["bind", "rw", ...cgroupOptions, "rprivate"],
  });
  switch (contract.cgroup) {
    case "read-only":
      return [{ destination: mount.destination, type: "cgroup", source: "cgroup", options: ["ro", ...cgroupOptions] }];
    case "cgroup2":
      return [{ destination: mount.destination, type: "cgroup", source: "cgroup", options: ["rw", ...cgroupOptions] }];
    case "unified":
      return surroundings.unified === undefined ? [mount] : [bind(mount.destination, surroundings.unified)];
    case "named":
      return [
        { destination: mount.destination, type: "cgroup", source: "cgroup", options: ["ro", ...cgroupOptions] },
        ...(surroundings.named === undefined ? [] : [bind(`${mount.destination}/systemd`, surroundings.named)]),
      ];
  }
}

function readOnly(options: readonly string[]): string[] {
  return [...options.filter((option) => option !== "rw" && option !== "ro"), "ro"];
}

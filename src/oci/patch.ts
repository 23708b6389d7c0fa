import type { Contract } from "#contract/contract.ts";
import { tmpfsOptions } from "#contract/tmpfs.ts";
import { parseCgroupsPath } from "#linux/cgroup-path.ts";
import { isAt } from "#machinefile/value/path.ts";
import type { CapabilitySet, OciConfig, OciMount } from "./config.ts";
import { isForRuntime } from "./image-request.ts";
import { boundTerminals } from "./terminals.ts";
import { boundMount } from "./tmpfs.ts";

/**
 * Where the runtime has put what the contract needs from the host's side; undefined where the contract asks
 * for none.
 */
export interface Surroundings {
  /** The container's id, as the runtime was called with. */
  readonly id: string;
  /** Where the named v1 hierarchy and cgroup2 are mounted on the host. */
  readonly named: string | undefined;
  readonly unified: string | undefined;
  /** A directory of links to /dev/null named as units, one named as generators. */
  readonly maskedUnits: string | undefined;
  readonly maskedGenerators: string | undefined;
  /** A directory with a drop-in for logind. */
  readonly login: string | undefined;
  /** A directory for /run/host. */
  readonly runHost: string;
  /** A file that covers the image's /etc/machine-id; undefined where the contract leaves that alone. */
  readonly machineId: string | undefined;
}

/**
 * How many cgroups a machine may make below its own, and how deep (cgroup2's core files): ids of memory
 * cgroups are the whole kernel's, 65,535 of them. Some hundred services and containers are far from it, and
 * no path of so few names is too long for a call (PATH_MAX), with which runtimes remove cgroups.
 */
export const cgroupBounds = { "cgroup.max.descendants": "2000", "cgroup.max.depth": "14" } as const;

/**
 * Applies the contract to a container's config.json and returns the new one; the given one is left alone.
 * Mounts which the user asked for at the same destination stay as they are, but that a tmpfs gets an end.
 */
export function patchConfig(config: OciConfig, contract: Contract, surroundings: Surroundings): OciConfig {
  // One directory, since a runtime removes a container's own and none above it.
  const cgroupsPath = parseCgroupsPath(config.linux?.cgroupsPath) ?? `/berth-run-${surroundings.id}`;
  const needsPath = ["named", "delegated", "unified"].includes(contract.cgroup);
  const linux = config.linux ?? {};
  return {
    ...config,
    process: {
      ...config.process,
      args: [...config.process.args, ...contract.arguments],
      env: patchEnvironment(config.process.env ?? [], contract),
      ...(config.process.capabilities
        ? { capabilities: patchCapabilities(config.process.capabilities, contract.capabilities) }
        : {}),
    },
    mounts: patchMounts(config.mounts ?? [], contract, surroundings, cgroupsPath),
    linux: {
      ...linux,
      ...(needsPath && parseCgroupsPath(linux.cgroupsPath) === undefined ? { cgroupsPath } : {}),
      ...(contract.cgroup === "read-only" && contract.ids === undefined
        ? {}
        : { namespaces: privateCgroups(linux.namespaces ?? []) }),
      ...(linux.seccomp ? { seccomp: patchSeccomp(linux.seccomp, contract) } : {}),
      // The host's virtual consoles would let init and agetty write on the host's screen.
      ...(linux.devices
        ? { devices: linux.devices.filter((device) => !/^\/dev\/tty\d+$/.test(device.path)) }
        : {}),
      ...(contract.cgroup === "cgroup2"
        ? { resources: { ...linux.resources, unified: { ...cgroupBounds, ...linux.resources?.unified } } }
        : {}),
      ...readonlyPaths(linux.readonlyPaths, contract),
    },
  };
}

/** What is for the runtime is not for the machine. */
function patchEnvironment(env: readonly string[], contract: Contract): string[] {
  const nameOf = (entry: string) => entry.split("=", 1)[0] ?? entry;
  const kept = env.filter(
    (entry) => !Object.hasOwn(contract.environment, nameOf(entry)) && !isForRuntime(entry),
  );
  const names = new Set(kept.map(nameOf));
  const added = {
    ...Object.fromEntries(Object.entries(contract.defaultEnvironment).filter(([name]) => !names.has(name))),
    ...contract.environment,
  };
  return [...kept, ...Object.entries(added).map(([name, value]) => `${name}=${value}`)];
}

/**
 * Takes from each set what the contract does not grant, and adds what it grants beyond the bounding set: a
 * process of fewer capabilities than its bounding set (another user than root) keeps to them. Inheritable and
 * ambient sets are never widened.
 */
function patchCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  granted: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  const kept = Object.entries(sets).map(([name, set]) => [
    name,
    set.filter((capability) => granted.includes(capability)),
  ]);
  return widenCapabilities(
    Object.fromEntries(kept),
    granted.filter((name) => !sets.bounding?.includes(name)),
  );
}

/** The sets with these capabilities too, but for the inheritable and ambient ones. */
export function widenCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  granted: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  const isKept = (name: string) => name === "inheritable" || name === "ambient";
  return Object.fromEntries(
    Object.entries(sets).map(([name, set]) => [
      name,
      isKept(name) ? set : [...new Set([...set, ...granted])],
    ]),
  );
}

/** The sets without these capabilities. */
export function dropCapabilities(
  sets: Partial<Record<CapabilitySet, string[]>>,
  lacking: readonly string[],
): Partial<Record<CapabilitySet, string[]>> {
  return Object.fromEntries(
    Object.entries(sets).map(([name, set]) => [
      name,
      set.filter((capability) => !lacking.includes(capability)),
    ]),
  );
}

function privateCgroups(namespaces: readonly { type: string; path?: string }[]) {
  return [...namespaces.filter((namespace) => namespace.type !== "cgroup"), { type: "cgroup" }];
}

type Seccomp = NonNullable<NonNullable<OciConfig["linux"]>["seccomp"]>;
type SeccompRule = NonNullable<Seccomp["syscalls"]>[number];

const ENOSYS = 38;

function patchSeccomp(seccomp: Seccomp, { systemCalls, unknownSystemCalls }: Contract): Seccomp {
  const rules = withoutConditions(seccomp.syscalls ?? [], systemCalls);
  const named = new Set(rules.flatMap((rule) => rule.names));
  const unknown = unknownSystemCalls.filter((name) => !named.has(name));
  return {
    ...seccomp,
    syscalls: [
      ...rules,
      { names: [...systemCalls], action: "SCMP_ACT_ALLOW" },
      ...(unknown.length > 0 ? [{ names: unknown, action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS }] : []),
    ],
  };
}

/**
 * Rules that refuse these calls, or allow them under a condition alone, would contradict one that allows
 * them.
 */
function withoutConditions(rules: readonly SeccompRule[], names: readonly string[]): readonly SeccompRule[] {
  return rules.flatMap((rule) => {
    if (rule.action === "SCMP_ACT_ALLOW" && rule.args === undefined) return [rule];
    const kept = rule.names.filter((name) => !names.includes(name));
    return kept.length === 0 ? [] : [{ ...rule, names: kept }];
  });
}

function readonlyPaths(
  paths: readonly string[] | undefined,
  contract: Contract,
): { readonlyPaths?: string[] } {
  if (contract.ids !== undefined) return { readonlyPaths: ["/sys"] };
  const sysctls = contract.readOnlySysctls;
  if (paths === undefined) return {};
  return {
    readonlyPaths:
      sysctls === undefined ? [...paths] : paths.flatMap((path) => (path === "/proc/sys" ? sysctls : [path])),
  };
}

const cgroupOptions = ["nosuid", "noexec", "nodev"];

function patchMounts(
  mounts: readonly OciMount[],
  contract: Contract,
  surroundings: Surroundings,
  cgroupsPath: string,
): OciMount[] {
  const taken = new Set(mounts.map((mount) => mount.destination));
  // A writable /sys makes udev and logind take the host's devices for theirs, privileged or not. In a user
  // namespace it is mounted writable and made read-only after that: the machine could mount no sysfs for its
  // own network namespaces otherwise.
  const sysOptions = contract.ids === undefined ? readOnly : writable;
  const others = mounts
    .filter((mount) => !isAt("/sys/fs/cgroup", mount.destination))
    .map((mount) =>
      mount.destination === "/sys"
        ? { ...mount, options: sysOptions(mount.options ?? []) }
        : boundTerminals(boundMount(mount, contract)),
    );
  // After every other mount of /sys, so that none covers the machine's view with the host's.
  const sys = others.findLastIndex((mount) => isAt("/sys", mount.destination));
  const patched = [
    ...others.slice(0, sys + 1),
    ...cgroupMounts(contract, surroundings, cgroupsPath),
    ...others.slice(sys + 1),
  ];
  const added: OciMount[] = contract.tmpfs
    .filter((tmpfs) => !taken.has(tmpfs.target))
    .map((tmpfs) => ({
      destination: tmpfs.target,
      type: "tmpfs",
      source: "tmpfs",
      options: [...tmpfsOptions(tmpfs), ...(tmpfs.copyUp ? ["tmpcopyup"] : [])],
    }));
  const binds: readonly (readonly [string, string | undefined])[] = [
    ["/run/host", surroundings.runHost],
    ["/run/systemd/system.attached", surroundings.maskedUnits],
    ["/run/systemd/system-generators", surroundings.maskedGenerators],
    ["/run/systemd/logind.conf.d", surroundings.login],
    ["/etc/machine-id", surroundings.machineId],
    ...contract.lxcfs.map(({ target, source }) => [target, source] as const),
  ];
  for (const [destination, source] of binds) {
    if (source !== undefined && !taken.has(destination)) {
      added.push({
        destination,
        type: "bind",
        source,
        options: ["bind", "ro", "nosuid", "nodev", "noexec", "rprivate"],
      });
    }
  }
  // Before anything the user mounts below /run or /tmp, so that it stays visible; /var/run is a link to /run.
  const first = patched.findIndex((mount) => /^\/(run|tmp|var\/run|var\/lock)\//.test(mount.destination));
  return first === -1
    ? [...patched, ...added]
    : [...patched.slice(0, first), ...added, ...patched.slice(first)];
}

/** What is mounted at and below /sys/fs/cgroup, in place of whatever the engine or the user mounts there. */
function cgroupMounts(contract: Contract, surroundings: Surroundings, cgroupsPath: string): OciMount[] {
  const cgroup = (access: "ro" | "rw"): OciMount => ({
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: [access, ...cgroupOptions],
  });
  const bind = (destination: string, source: string | undefined): OciMount[] =>
    source === undefined
      ? []
      : [
          {
            destination,
            type: "bind",
            source: source + cgroupsPath,
            options: ["bind", "rw", ...cgroupOptions, "rprivate"],
          },
        ];
  switch (contract.cgroup) {
    case "read-only":
      return [cgroup("ro")];
    case "cgroup2":
      return [cgroup("rw")];
    case "unified":
      return bind("/sys/fs/cgroup", surroundings.unified);
    case "named":
    case "delegated":
      return [
        cgroup(contract.cgroup === "named" ? "ro" : "rw"),
        ...bind("/sys/fs/cgroup/systemd", surroundings.named),
      ];
  }
}

function writable(options: readonly string[]): string[] {
  return options.filter((option) => option !== "ro");
}

function readOnly(options: readonly string[]): string[] {
  return [...options.filter((option) => option !== "rw" && option !== "ro"), "ro"];
}

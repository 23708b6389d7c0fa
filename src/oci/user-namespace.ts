import type { IdRange } from "#linux/id-range.ts";
import { isBind, joinedNetwork, type OciConfig, type OciHook, type OciMount } from "./config.ts";

/** Where the runtime has put what a machine in a user namespace needs from the host's side. */
export interface Isolation {
  readonly ids: IdRange;
  /**
   * A directory in which the root is mounted as `root`, each bind under the name that `planBinds` gives, the
   * machine's user namespace as `userns`, and a joined network as `net`, its sysfs as `sys`.
   */
  readonly stage: string;
  /** Run by the runtime when all is mounted and before the init starts; argv[0] is its path. */
  readonly settle: readonly string[];
  /** The machine's own mount(8); undefined where it has none, or may not mount. */
  readonly mountProgram: string | undefined;
}

/** A bind mount of the user's or the engine's, to be mounted in the stage with mapped ids. */
export interface StagedBind {
  readonly name: string;
  readonly source: string;
  readonly destination: string;
  readonly recursive: boolean;
  /** What the mount may not do, and what none of the mounts in it may. */
  readonly restricted: readonly Restriction[];
  readonly allRestricted: readonly Restriction[];
}

/**
 * mount(8)'s options that forbid something. A runtime sets them by mounting again, which the kernel refuses
 * in a user namespace where the mount forbids more than is asked for: so the stage sets them.
 */
const restrictions = { ro: "readOnly", nosuid: "noSuid", nodev: "noDev", noexec: "noExec" } as const;
export type Restriction = (typeof restrictions)[keyof typeof restrictions];

function restrictionsOf(options: readonly string[], prefix: "" | "r"): readonly Restriction[] {
  return Object.entries(restrictions).flatMap(([option, name]) =>
    options.includes(prefix + option) ? [name] : [],
  );
}

const isRestriction = (option: string) =>
  Object.hasOwn(restrictions, option) || Object.hasOwn(restrictions, option.replace(/^r/, ""));

/** The bind mounts whose files must show mapped ids; the machine's cgroups are no matter of the user's. */
export function planBinds(config: OciConfig): readonly StagedBind[] {
  return (config.mounts ?? []).flatMap((mount, index) => {
    if (!isStaged(mount) || mount.source === undefined) return [];
    const { source, destination, options = [] } = mount;
    const [restricted, allRestricted] = [restrictionsOf(options, ""), restrictionsOf(options, "r")];
    return [
      {
        name: String(index),
        source,
        destination,
        recursive: options.includes("rbind"),
        restricted,
        allRestricted,
      },
    ];
  });
}

function isStaged(mount: OciMount): boolean {
  return isBind(mount) && !/^\/sys\/fs\/cgroup(\/|$)/.test(mount.destination);
}

/**
 * Whether the sysfs of the network that a machine joins is to be mounted in the stage as `sys`: it can mount
 * none of it itself.
 */
export function needsSysfs(config: OciConfig): boolean {
  return joinedNetwork(config) !== undefined && config.mounts?.some(isSysfs) === true;
}

const isSysfs = ({ destination, type }: OciMount) => destination === "/sys" && type === "sysfs";

/**
 * The host's user that is to own the machine's user namespace: the one that is its root, so that what the
 * kernel counts for a user is not counted for the host's. Over what another user owns the runtime has no more
 * than its own capabilities: where it lacks what it needs of them, undefined, which stands for itself.
 */
export function ownerOf(
  { process }: OciConfig,
  { base }: IdRange,
  capabilities: ReadonlySet<string> | undefined,
): number | undefined {
  // To signal the machine and look at its namespaces; prlimit(2).
  const needed = [
    "CAP_KILL",
    "CAP_SYS_PTRACE",
    ...((process.rlimits ?? []).length > 0 ? ["CAP_SYS_RESOURCE"] : []),
  ];
  return needed.every((name) => capabilities?.has(name) !== false) ? base : undefined;
}

/**
 * Puts the container into a user namespace of its own (OCI runtime-spec, config-linux.md, user namespace
 * mappings): its root and binds come from the stage. Paths which the engine masks are not: the kernel itself
 * guards them against anyone but the host's root, and a masked /proc keeps containers inside the machine from
 * mounting theirs (mount_too_revealing).
 */
export function isolateConfig(config: OciConfig, { ids, stage, settle, mountProgram }: Isolation): OciConfig {
  const linux = config.linux ?? {};
  const { maskedPaths: _masked, readonlyPaths: _readonly, ...rest } = linux;
  const mapping = [{ containerID: 0, hostID: ids.base, size: ids.count }];
  const staged = new Map(planBinds(config).map(({ name }) => [Number(name), `${stage}/${name}`]));
  const network = joinedNetwork(config);
  const mounts = (config.mounts ?? []).map((mount, index): OciMount => {
    const source = staged.get(index);
    if (source !== undefined)
      return { ...mount, source, options: mount.options?.filter((option) => !isRestriction(option)) ?? [] };
    if (network === undefined || !isSysfs(mount)) return mount;
    return {
      destination: mount.destination,
      type: "bind",
      source: `${stage}/sys`,
      options: ["bind", "rprivate"],
    };
  });
  // The runtime is itself started in a network that is joined, and leaves its process there: when it runs a
  // command later, it enters the user namespace first, and from there no network that this does not own (runc
  // 1.1).
  const others = (linux.namespaces ?? []).filter(
    ({ type, path }) => type !== "user" && !(type === "network" && path),
  );
  const own = [...others, { type: "user", path: `${stage}/userns` }];
  const hook = { path: settle[0] ?? "", args: settle };
  return {
    ...config,
    root: { ...config.root, path: `${stage}/root` },
    process: withoutDefaultLabel(config.process),
    mounts,
    hooks: {
      ...config.hooks,
      createRuntime: [...(config.hooks?.createRuntime ?? []), hook],
      startContainer: [...(config.hooks?.startContainer ?? []), ...shareMounts(mountProgram)],
    },
    linux: {
      ...rest,
      namespaces: own,
      // The namespace's own; runc before 1.1.11 does not ask it.
      uidMappings: mapping,
      gidMappings: mapping,
      ...(linux.sysctl ? { sysctl: patchSysctl(linux.sysctl, ids.count, network !== undefined) } : {}),
    },
  };
}

/**
 * What the launcher does at `start`, for `run`, which has none: by the machine's own program, as its root.
 * Whoever calls `run` waits for that at his own terminal, and can end it there.
 */
function shareMounts(program: string | undefined): readonly OciHook[] {
  return program === undefined ? [] : [{ path: program, args: ["mount", "--make-rshared", "/"] }];
}

/**
 * docker-default (AppArmor) forbids every mount, and SELinux's container_t what an init does to cgroups: in a
 * user namespace the machine is confined by that, and by container_init_t. A profile of the user's own stays.
 */
function withoutDefaultLabel({
  apparmorProfile,
  selinuxLabel,
  ...process
}: OciConfig["process"]): OciConfig["process"] {
  const profile = apparmorProfile === "docker-default" ? "unconfined" : apparmorProfile;
  return {
    ...process,
    ...(profile === undefined ? {} : { apparmorProfile: profile }),
    ...(selinuxLabel === undefined
      ? {}
      : { selinuxLabel: selinuxLabel.replace(":container_t:", ":container_init_t:") }),
  };
}

const pingRange = "net.ipv4.ping_group_range";
const domainName = "kernel.domainname";

/**
 * What the runtime cannot set from within the namespace: the files of some sysctls are the host's root's
 * alone.
 */
export function domainNameOf(config: OciConfig): string {
  return config.linux?.sysctl?.[domainName] ?? "";
}

/** What Docker sets for every container, whoever it is; a joined network has them by its own container. */
const engineSysctls = [pingRange, "net.ipv4.ip_unprivileged_port_start"];

/**
 * Sysctls that were asked for and that a machine cannot have, since they are settings of a network that it
 * joins.
 */
export function lostSysctls(config: OciConfig): readonly string[] {
  const names = joinedNetwork(config) === undefined ? [] : Object.keys(config.linux?.sysctl ?? {});
  return names.filter((name) => isOfNetwork(name) && !engineSysctls.includes(name));
}

const isOfNetwork = (name: string) => /^net[./]/.test(name);

/**
 * Group ids of the host's that the namespace has none for cannot be named in it; nor can a joined network be
 * set up from it.
 */
function patchSysctl(given: Record<string, string>, count: number, joins: boolean): Record<string, string> {
  const { [domainName]: _, ...named } = given;
  const sysctl = joins
    ? Object.fromEntries(Object.entries(named).filter(([name]) => !isOfNetwork(name)))
    : named;
  const [low = 0, high = 0] = (sysctl[pingRange] ?? "").split(/\s+/).map(Number);
  return sysctl[pingRange] === undefined
    ? sysctl
    : { ...sysctl, [pingRange]: `${low} ${Math.min(high, count - 1)}` };
}

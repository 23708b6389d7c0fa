import type { IdRange } from "#linux/id-range.ts";
import { joinedNetwork, type OciConfig, type OciHook } from "#oci/config.ts";
import { patchSysctl } from "./sysctl.ts";

/** Paths that berth-runtime prepared for a machine in a user namespace. */
export interface Isolation {
  readonly ids: IdRange;
  /**
   * A directory in which the root is mounted as `root`, each bind under the name that `planBinds` gives, the
   * machine's user namespace as `userns`, and a joined network as `net`, its sysfs as `sys`.
   */
  readonly stage: string;
  /** Whether it has that sysfs. */
  readonly sysfs: boolean;
  /** Run by the runtime when all is mounted and before the init starts; argv[0] is its path. */
  readonly settle: readonly string[];
  /** Whether the runtime finds the ids out from the user namespace, and refuses or warns if told. */
  readonly readsMappings: boolean;
  /** The machine's own mount(8); undefined where it has none, or may not mount. */
  readonly mountProgram: string | undefined;
}

/**
 * Puts the container into its own user namespace (OCI runtime-spec, config-linux.md, user namespace
 * mappings). Its root comes from the stage, and so do its binds by `takeFromStage`, which `patchConfig`
 * calls. Unmask the engine's masked paths: the kernel protects them from everyone but the host's root, and a
 * masked /proc prevents containers inside the machine from mounting theirs (mount_too_revealing).
 */
export function isolateConfig(
  config: OciConfig,
  { ids, stage, settle, readsMappings, mountProgram }: Omit<Isolation, "sysfs">,
): OciConfig {
  const linux = config.linux ?? {};
  const { maskedPaths: _masked, readonlyPaths: _readonly, ...rest } = linux;
  const mapping = [{ containerID: 0, hostID: ids.base, size: ids.count }];
  const joins = joinedNetwork(config) !== undefined;
  // Join no network here: the launcher starts the runtime in the joined network, where its process stays.
  // runc 1.1 enters the user namespace first when it runs a command later, and cannot enter a network from
  // there that this namespace does not own (https://github.com/opencontainers/runc/issues/4390).
  const others = (linux.namespaces ?? []).filter(
    ({ type, path }) => type !== "user" && !(type === "network" && path),
  );
  const hook = { path: settle[0] ?? "", args: settle };
  return {
    ...config,
    root: { ...config.root, path: `${stage}/root` },
    hooks: {
      ...config.hooks,
      createRuntime: [...(config.hooks?.createRuntime ?? []), hook],
      startContainer: [...(config.hooks?.startContainer ?? []), ...shareMounts(mountProgram)],
    },
    linux: {
      ...rest,
      namespaces: [...others, { type: "user", path: `${stage}/userns` }],
      ...(readsMappings ? {} : { uidMappings: mapping, gidMappings: mapping }),
      ...(linux.sysctl ? { sysctl: patchSysctl(linux.sysctl, ids.count, joins) } : {}),
    },
  };
}

/**
 * Does what the launcher does at `start` also for `run`: by the machine's own program, as its root. The
 * caller of `run` waits for it and can interrupt it.
 */
function shareMounts(program: string | undefined): readonly OciHook[] {
  return program === undefined ? [] : [{ path: program, args: ["mount", "--make-rshared", "/"] }];
}

import { isBind, type OciMount } from "#oci/config.ts";

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
export function planBinds(mounts: readonly OciMount[]): readonly StagedBind[] {
  return mounts.flatMap((mount, index) => {
    if (!isStaged(mount) || mount.source === undefined) return [];
    const { source, destination, options = [] } = mount;
    return [
      {
        name: nameOf(index),
        source,
        destination,
        recursive: options.includes("rbind"),
        restricted: restrictionsOf(options, ""),
        allRestricted: restrictionsOf(options, "r"),
      },
    ];
  });
}

const nameOf = (index: number) => String(index);

function isStaged(mount: OciMount): boolean {
  return isBind(mount) && !/^\/sys\/fs\/cgroup(\/|$)/.test(mount.destination);
}

export const isSysfs = ({ destination, type }: OciMount) => destination === "/sys" && type === "sysfs";

/** The same mounts with those that the stage has taken from there: `planBinds`' ones, and its sysfs. */
export function takeFromStage(
  mounts: readonly OciMount[],
  { stage, sysfs }: { readonly stage: string; readonly sysfs: boolean },
): readonly OciMount[] {
  return mounts.map((mount, index): OciMount => {
    if (isStaged(mount)) {
      const options = mount.options?.filter((option) => !isRestriction(option)) ?? [];
      return { ...mount, source: `${stage}/${nameOf(index)}`, options };
    }
    if (!sysfs || !isSysfs(mount)) return mount;
    return {
      destination: mount.destination,
      type: "bind",
      source: `${stage}/sys`,
      options: ["bind", "rprivate"],
    };
  });
}

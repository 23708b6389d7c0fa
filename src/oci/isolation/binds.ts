import { isBind, type OciMount } from "#oci/config.ts";

/** A bind mount of the user's or the engine's, to be mounted in the stage with mapped ids. */
export interface StagedBind {
  readonly name: string;
  readonly source: string;
  readonly destination: string;
  readonly recursive: boolean;
  /** Flags that restrict the mount, and those that restrict every mount below it. */
  readonly restricted: readonly Restriction[];
  readonly allRestricted: readonly Restriction[];
}

/**
 * mount(8)'s restricting options. A runtime sets them by a remount, which the kernel refuses in a user
 * namespace if the mount restricts more than the request: the stage sets them instead.
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

/** The bind mounts whose files must show mapped ids. Cgroup mounts belong to the contract. */
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

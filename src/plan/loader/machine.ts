import type { CreateBody } from "#api/create-body.ts";
import type { Mount } from "#api/mount.ts";
import type { Guest } from "#contract/guest.ts";
import { lxcfsFiles } from "#contract/lxcfs.ts";
import { mergeDeep } from "#docker-flags/deep-merge.ts";
import type { LoaderSpec } from "#labels/loader/spec.ts";
import { label } from "#labels/machine.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { renderVolume } from "#machinefile/value/volume.ts";
import type { RootEntry } from "#plan/image/root-image.ts";
import type { Applier } from "#plan/machine/applier.ts";
import { renderRuntimeVariables } from "#plan/machine/container.ts";
import { renderLimits } from "#plan/machine/limits.ts";
import { privilegeOptions } from "#plan/machine/new-privileges.ts";
import { madeAnew, type RootPlan } from "./folder.ts";

/** What a loader knows when it makes its machine. */
export interface LoadedMachine {
  readonly spec: LoaderSpec;
  /** The machine's container's name. */
  readonly name: string;
  /** The loader's container. */
  readonly loader: string;
  readonly service: string | undefined;
  readonly image: string;
  /** The image's id; undefined for one that was made for a folder. */
  readonly imageId: string | undefined;
  /** Undefined where an image is the root. */
  readonly root: RootPlan | undefined;
  readonly guest: Guest | undefined;
  readonly identity: string | undefined;
  readonly applier: Applier;
  /** Secrets and configs: files on the host, and where the machine finds them. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
}

/**
 * Where a machine's systemd finds the service's secrets and configs as credentials (systemd.exec(5),
 * CREDENTIALS_DIRECTORY).
 */
const credentials = "/run/host-credentials";

/**
 * The body of the Engine API's POST /containers/create for a service's machine: beside its loader, in the
 * loader's network.
 */
export function renderLoadedMachine(machine: LoadedMachine): CreateBody {
  const { spec, applier } = machine;
  const api = "api" in applier ? applier.api : undefined;
  const own: CreateBody = {
    Image: machine.image,
    Tty: true,
    OpenStdin: true,
    Entrypoint: [],
    Cmd: [...spec.command, ...(api?.arguments ?? [])],
    Env: [
      ...runtimeVariables(machine),
      ...Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
      ...(machine.files.length === 0 ? [] : [`CREDENTIALS_DIRECTORY=${credentials}`]),
      ...(api?.environment ?? []),
    ],
    Labels: labelsOf(machine),
    Volumes: Object.fromEntries(
      spec.volumes.flatMap(({ kind, target }) => (kind === "anonymous" ? [[target, {}]] : [])),
    ),
    ...omitUndefined({ StopSignal: stopSignal(spec, api?.stopSignal), StopTimeout: spec.stopTimeout }),
    HostConfig: {
      ...("runtime" in applier ? { Runtime: applier.runtime } : {}),
      NetworkMode: `container:${machine.loader}`,
      // PID 1 is the machine's, also where the engine's daemon.json says "init": true.
      Init: false,
      Mounts: [...rootMounts(machine), ...fileMounts(machine)],
      Binds: [
        ...spec.volumes.filter(({ kind }) => kind !== "anonymous").map(renderVolume),
        ...(api?.binds ?? []),
        ...lxcfsBinds(machine),
      ],
      Tmpfs: api?.tmpfs ?? spec.tmpfs,
      ...(api === undefined ? {} : { CgroupnsMode: api.cgroupNamespace }),
      SecurityOpt: [...(api?.securityOptions ?? []), ...privilegeOptions(spec.profile)],
      ...(api?.cgroupParent === undefined ? {} : { CgroupParent: api.cgroupParent }),
      Privileged: spec.profile === "privileged",
      CapAdd:
        spec.profile === "privileged"
          ? []
          : [...new Set([...spec.capabilities, ...(api?.capabilitiesAdded ?? [])])],
      // Its loader's log is the service's; this one only holds what a loader that lost its engine for a while
      // catches up with.
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      ...renderLimits(spec),
    },
  };
  // The name is the runtime's to set; a console's input must outlive whoever attaches to it.
  const { Hostname: _hostname, StdinOnce: _once, AttachStdin: _attach, ...flags } = spec.flags.body;
  return mergeDeep(own, flags);
}

function labelsOf({ spec, name, loader, service, guest, identity }: LoadedMachine): Record<string, string> {
  return omitUndefined({
    [label.machine]: name,
    [label.loader]: loader,
    [label.service]: service,
    // Also where an image is the root, which may hand one down.
    [label.root]: spec.root ?? "",
    [label.rootIdentity]: identity,
    [label.init]: guest?.init.kind,
    [label.initVersion]: guest?.init.version === undefined ? undefined : String(guest.init.version),
    [label.os]: guest?.os?.prettyName,
  }) as Record<string, string>;
}

/** A network's other container has a name of its own, and a folder has its id. */
function runtimeVariables({ spec, root, imageId, applier }: LoadedMachine): readonly string[] {
  const request = {
    ...spec,
    lxcfs: spec.lxcfs !== undefined,
    keepsMachineId: root !== undefined,
    image: imageId,
  };
  return renderRuntimeVariables(request, applier);
}

function stopSignal(spec: LoaderSpec, contracts: string | undefined): string | undefined {
  return spec.stopSignal === undefined ? contracts : String(spec.stopSignal);
}

/** As Mounts, since of these the engine makes no missing directory on the host. */
function rootMounts({ spec, root }: LoadedMachine): readonly Mount[] {
  return (root?.bound ?? []).map(({ name }) => ({
    Type: "bind",
    Source: `${spec.root}/${name}`,
    Target: `/${name}`,
  }));
}

/**
 * Each where the service has it, and once more for systemd, which knows them by their last name: the first of
 * a name is that credential.
 */
function fileMounts({ files }: LoadedMachine): readonly Mount[] {
  const bind = (Source: string, Target: string): Mount => ({
    Type: "bind",
    Source,
    Target,
    ReadOnly: true,
  });
  const byName = new Map(
    files.map(({ source, target }) => [target.slice(target.lastIndexOf("/") + 1), source] as const).reverse(),
  );
  return [
    ...files.map(({ source, target }) => bind(source, target)),
    ...[...byName].map(([name, source]) => bind(source, `${credentials}/${name}`)),
  ];
}

/**
 * Without berth-runtime, which finds lxcfs itself and renews it after a restart. All of them, since a loader
 * does not see which the node's lxcfs offers.
 */
function lxcfsBinds({ spec, applier }: LoadedMachine): readonly string[] {
  if (spec.lxcfs === undefined || "runtime" in applier) return [];
  return lxcfsFiles.map((file) => `${spec.lxcfs}${file}:${file}:ro`);
}

/** The names in the image: what is bound is laid over an empty one of its kind. */
export function imageEntries({ bound, links }: RootPlan): readonly RootEntry[] {
  return [
    ...madeAnew.map((name): RootEntry => ({ name, kind: "directory" })),
    ...bound.map(({ name, directory }): RootEntry => ({ name, kind: directory ? "directory" : "file" })),
    ...links.map(({ name, target }): RootEntry => ({ name, kind: "link", target })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

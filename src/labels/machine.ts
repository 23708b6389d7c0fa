import { isJsonObject } from "#json-object.ts";
import type { MachineSpec } from "#machinefile/machine.ts";

/**
 * Labels are berth's only store. But engines copy an image's labels to every container made from it: check
 * `isGiven` before trusting a container's labels.
 */
export const label = {
  /** On containers: the machine's name. */
  machine: "berth.machine",
  /**
   * On machines: a random value, unique to each creation, so that a copy's image is not taken for this one.
   */
  creation: "berth.creation",
  /** On a container that is made to look into an image: its name. */
  probe: "berth.probe",
  /** On containers and networks: the domain. */
  network: "berth.network",
  /** On containers and networks: the project's name, and the path of its machine file, empty without one. */
  project: "berth.project",
  file: "berth.file",
  /** On containers: the MachineSpec they were made from, as JSON. */
  spec: "berth.spec",
  /**
   * On containers and images: the kind of init, such as `systemd`, and its version. On a machine empty where
   * its image's is not believed.
   */
  init: "berth.init",
  initVersion: "berth.init.version",
  /** On images: os-release's PRETTY_NAME. */
  os: "berth.os",
  /**
   * On a service's machine: its loader's container, its service, its folder (empty where its root is an
   * image), and what tells that folder from others.
   */
  loader: "berth.loader",
  service: "berth.service",
  root: "berth.root",
  rootIdentity: "berth.root.identity",
  /** On a guard: its loader's container. */
  guard: "berth.guard",
  /** On images: what people call them, and the digest of what they were made from. */
  image: "berth.image",
  digest: "berth.digest",
  /** On images: what berth put into them. */
  content: "berth.content",
  /**
   * On the image that builds roots: its base. On the containers that install in it or build: their name, and
   * the process that made them, by `markSelf`.
   */
  builder: "berth.builder",
  builderProcess: "berth.builder.process",
  /** On the image that is made for a folder. */
  rootImage: "berth.root.image",
} as const;

export type Labels = Readonly<Record<string, string>>;

/**
 * Whether one of a container's labels was set at its creation rather than copied from its image: the image
 * lacks it, or has another value. Only such a label shows that berth created a container.
 */
export function isGiven(keys: readonly string[], labels: Labels, image: Labels): boolean {
  return keys.some((key) => labels[key] !== undefined && labels[key] !== image[key]);
}

/**
 * Whether berth created a container, by the label `key` with its name: the label, or another of berth's, was
 * set at creation. If the image is gone (undefined), the network of a machine decides, since no image
 * contains a container's network.
 */
export function isMadeByBerth(
  key: (typeof label)["machine" | "probe" | "builder"],
  labels: Labels,
  networkMode: string | undefined,
  image: Labels | undefined,
): boolean {
  if (image !== undefined)
    return isGiven(key === label.machine ? [key, label.creation, label.loader] : [key], labels, image);
  const { [label.network]: network = "default", [label.loader]: loader = "" } = labels;
  if (key !== label.machine) return false;
  if (networkMode === `container:${loader}`) return /^[0-9a-f]{64}$/.test(loader);
  return networkMode === network && !predefinedNetworks.includes(network);
}

/**
 * A machine's labels without those of berth's that its image handed down: these decide nothing about it,
 * whose it is or what it needs. What berth gives each time it has given with the same value; what an image
 * runs is its own to tell.
 */
export function withoutHandedDown(labels: Labels, networkMode: string | undefined, image: Labels): Labels {
  const always = networkMode?.startsWith("container:") ? byLoader : byUp;
  const isHandedDown = ([key, value]: readonly [string, string]) =>
    key.startsWith("berth.") && image[key] === value && !always.includes(key);
  return Object.fromEntries(Object.entries(labels).filter((entry) => !isHandedDown(entry)));
}

const ofAll: readonly string[] = [label.machine, label.creation, label.init, label.initVersion, label.os];
const byUp = [...ofAll, label.network, label.project, label.file, label.spec];
const byLoader = [...ofAll, label.loader, label.service];

/** Networks that an engine has of itself, in which everything runs that asks for none. */
const predefinedNetworks: readonly string[] = ["default", "bridge", "host", "none"];

/** The init by labels, such as "systemd 252"; undefined without them. */
export function initFromLabels(labels: Readonly<Record<string, string>>): string | undefined {
  const kind = labels[label.init];
  const version = labels[label.initVersion];
  if (!kind) return undefined;
  return version ? `${kind} ${version}` : kind;
}

/**
 * The machine's specification as its label holds it: keys in the order of their names, so that equal specs
 * are equal texts.
 */
export function renderSpecLabel(spec: MachineSpec): string {
  return JSON.stringify(spec, (_, value: unknown) =>
    isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort(byKey)) : value,
  );
}

/** Reads the label back; undefined for one that is missing or was written by something else. */
export function parseSpecLabel(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not JSON: then it is not our label, and nothing can be compared.
    return undefined;
  }
}

export interface Difference {
  /** The key as the machine file has it, such as `memory`. */
  readonly key: string;
  readonly has: unknown;
  readonly wants: unknown;
}

/**
 * The differences between the machine as created and as requested. An address or default that the file does
 * not write counts as unchanged.
 */
export function compareSpecs(
  has: Readonly<Record<string, unknown>>,
  wants: MachineSpec,
): readonly Difference[] {
  const wanted: Readonly<Record<string, unknown>> = { ...wants };
  const keys = [...new Set([...Object.keys(has), ...Object.keys(wanted)])].sort();
  return keys
    .filter((key) => canonical(has[key]) !== canonical(wanted[key]))
    .map((key) => ({ key, has: has[key], wants: wanted[key] }));
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) =>
    isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(byKey)) : inner,
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

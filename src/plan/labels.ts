import type { MachineSpec } from "../spec/machine.ts";

/** Labels are berth's only store: what bears them is berth's, and nothing else is ever touched. */
export const label = {
  /** On containers: the machine's name. */
  machine: "berth.machine",
  /** On containers and networks: the domain. */
  network: "berth.network",
  /** On containers and networks: the project's name, and the path of its machine file, empty where there is none. */
  project: "berth.project",
  file: "berth.file",
  /** On containers: the MachineSpec they were made from, as JSON. */
  spec: "berth.spec",
  /** On containers and images: the kind of init, such as `systemd`, and its version. */
  init: "berth.init",
  initVersion: "berth.init.version",
  /** On images: os-release's PRETTY_NAME. */
  os: "berth.os",
  /** On a service's machine: its loader's container, its service, its folder, and what tells that folder from others. */
  loader: "berth.loader",
  service: "berth.service",
  root: "berth.root",
  rootIdentity: "berth.root.identity",
  /** On a guard: its loader's container. */
  guard: "berth.guard",
  /** On the image that is made for a folder. */
  rootImage: "berth.root.image",
} as const;

/** The init that labels tell of, such as "systemd 252"; undefined where they tell of none. */
export function initFromLabels(labels: Readonly<Record<string, string>>): string | undefined {
  const kind = labels[label.init];
  const version = labels[label.initVersion];
  return kind === undefined || version === undefined ? kind : `${kind} ${version}`;
}

/** The machine's specification as its label holds it: keys in the order of their names, so that equal specs are equal texts. */
export function renderSpecLabel(spec: MachineSpec): string {
  return JSON.stringify(spec, (_, value: unknown) => (isRecord(value) ? Object.fromEntries(Object.entries(value).sort(byKey)) : value));
}

/** Reads the label back; undefined for one that is missing or was written by something else. */
export function parseSpecLabel(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
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

/** What differs between the machine as it was made and as it is asked for. An address or default not written is no wish. */
export function compareSpecs(has: Readonly<Record<string, unknown>>, wants: MachineSpec): readonly Difference[] {
  const wanted: Readonly<Record<string, unknown>> = { ...wants };
  const keys = [...new Set([...Object.keys(has), ...Object.keys(wanted)])].sort();
  return keys.filter((key) => canonical(has[key]) !== canonical(wanted[key])).map((key) => ({ key, has: has[key], wants: wanted[key] }));
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) => (isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(byKey)) : inner));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

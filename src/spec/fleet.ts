import { resolveEntries } from "./environment.ts";
import { checkFleet } from "./fleet-check.ts";
import type { Variables } from "./interpolate.ts";
import { defaults, type Fleet, type ImageSpec, type MachineSpec, type NetworkSpec } from "./machine.ts";
import { parseImageName, parseName } from "./name.ts";
import { type Path, type Problem, problem } from "./problem.ts";
import { type Fields, readFields, readKey, readMap } from "./read-fields.ts";
import { fileSchema, imageShape, machineShape, networkShape, ownShape, sharedShape } from "./schema.ts";
import { unknownKey } from "./unknown-key.ts";

/** The machines' order is the file's. There is a fleet only when there are no problems. */
export type FleetReading = { readonly fleet: Fleet; readonly problems: readonly [] } | { readonly problems: readonly Problem[] };

/**
 * Reads the machine file's content, as plain data, into a fleet; or says everything that is wrong with it.
 * `environment` gives the values of variables that a machine passes on without one of its own.
 */
export function readFleet(raw: unknown, environment: Variables): FleetReading {
  const problems: Problem[] = [];
  const file = readMap(raw, [], problems) ?? {};
  const sections = Object.keys(fileSchema.shape);
  for (const key of Object.keys(file).filter((name) => !sections.includes(name) && !name.startsWith("x-"))) {
    const { message, suggestion } = unknownKey("file", key, sections);
    problems.push(problem([key], message, suggestion, "key"));
  }
  const network = readNetwork(file.network, problems);
  const shared = readDefaults(file.defaults, problems);
  const images = new Map<string, ImageSpec>();
  for (const [name, value] of Object.entries(readMap(file.images, ["images"], problems) ?? {})) {
    readKey(parseImageName, name, ["images", name], problems);
    const image = readImage(value, ["images", name], problems);
    if (image !== undefined) images.set(name, image);
  }
  const written = Object.entries(readMap(file.machines, ["machines"], problems) ?? {});
  // A section of the wrong type has been reported already.
  if (written.length === 0 && (file.machines === null || file.machines === undefined || typeof file.machines === "object")) {
    problems.push(problem(["machines"], "there are no machines; name at least one under machines"));
  }
  const own = new Map<string, Fields<typeof machineShape>>();
  for (const [name, value] of written) {
    readKey(parseName, name, ["machines", name], problems);
    own.set(name, readFields("machines", machineShape, value, ["machines", name], problems));
  }
  const machines = [...own].map(([name, fields]) => buildMachine(name, fields, shared, environment));
  problems.push(...checkFleet({ network, machines, origin: (name, key) => originOf(name, key, own.get(name)) }));
  for (const [name, value] of written) {
    const given = isMap(value) && "image" in value;
    if (!given && !isMapWith(file.defaults, "image"))
      problems.push(problem(["machines", name], "image is missing; give one here or under defaults"));
  }
  return problems.length > 0 ? { problems } : { fleet: { network, images: Object.fromEntries(images), machines }, problems: [] };
}

function readNetwork(raw: unknown, problems: Problem[]): NetworkSpec {
  const { domain = defaults.domain, subnet = defaults.subnet, gateway } = readFields("network", networkShape, raw, ["network"], problems);
  return { domain, subnet, ...(gateway === undefined ? {} : { gateway }) };
}

function readDefaults(raw: unknown, problems: Problem[]): Fields<typeof sharedShape> {
  const found: Problem[] = [];
  const fields = readFields("defaults", sharedShape, raw, ["defaults"], found);
  for (const fault of found) {
    const key = fault.path[1];
    const alone = fault.target === "key" && typeof key === "string" && Object.hasOwn(ownShape, key);
    problems.push(alone ? problem(fault.path, "belongs to one machine and cannot be a default", undefined, "key") : fault);
  }
  return fields;
}

function readImage(raw: unknown, path: Path, problems: Problem[]): ImageSpec | undefined {
  const before = problems.length;
  const { base, tarball, image, ...recipe } = readFields("images", imageShape, raw, path, problems);
  const keys = Object.keys(readMap(raw, path, []) ?? {});
  const forms = ["base", "tarball", "image"].filter((form) => keys.includes(form));
  if (forms.length !== 1) {
    const found = forms.length === 0 ? "none" : forms.join(" and ");
    problems.push(problem(path, `an image has exactly one of base, tarball and image; here is ${found}`));
  } else if (!keys.includes("base")) {
    for (const key of keys.filter((name) => Object.hasOwn(recipe, name))) {
      problems.push(problem([...path, key], "belongs to an image with base: scratch alone", undefined, "key"));
    }
  } else {
    for (const key of ["os", "release"].filter((name) => !keys.includes(name))) problems.push(problem(path, `${key} is missing`));
  }
  if (problems.length > before) return undefined;
  if (tarball !== undefined) return { tarball };
  if (image !== undefined) return { image };
  const { os, release, packages = [], ...rest } = recipe;
  if (base === undefined || os === undefined || release === undefined) return undefined;
  return { base, os, release, packages, ...rest };
}

/** Puts the defaults under a machine's own keys: maps are merged, everything else is replaced. Faulty keys are simply absent. */
function buildMachine(
  name: string,
  own: Fields<typeof machineShape>,
  shared: Fields<typeof sharedShape>,
  environment: Variables,
): MachineSpec {
  const { image = "", memory_swap, depends_on, stop_timeout, command, cpus, memory, pids, address, ...rest } = { ...shared, ...own };
  return {
    name,
    image,
    hostname: rest.hostname ?? name,
    ...(address === undefined ? {} : { address }),
    aliases: rest.aliases ?? [],
    publish: rest.publish ?? [],
    profile: rest.profile ?? defaults.profile,
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memory }),
    ...(memory_swap === undefined ? {} : { memorySwap: memory_swap }),
    ...(pids === undefined ? {} : { pids }),
    volumes: rest.volumes ?? [],
    environment: resolveEntries([...(shared.environment ?? []), ...(own.environment ?? [])], environment),
    capabilities: [...new Set(rest.capabilities ?? [])],
    dependsOn: [...new Set(depends_on ?? [])],
    restart: rest.restart ?? defaults.restart,
    ...(command === undefined ? {} : { command }),
    ...(stop_timeout === undefined ? {} : { stopTimeout: stop_timeout }),
    labels: resolveEntries([...(shared.labels ?? []), ...(own.labels ?? [])], {}),
  };
}

/** Where a machine's key was written: with the machine, or under the defaults. */
function originOf(name: string, key: keyof typeof machineShape, own: Fields<typeof machineShape> | undefined): Path {
  return own?.[key] === undefined && Object.hasOwn(sharedShape, key) ? ["defaults", key] : ["machines", name, key];
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isMapWith(value: unknown, key: string): boolean {
  return isMap(value) && key in value;
}

import { z } from "zod";
import {
  defaults,
  type Fleet,
  type ImageSpec,
  type MachineSpec,
  type NetworkSpec,
} from "#machinefile/machine.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { firstProblems, type Path, type Problem, problem } from "#machinefile/problem.ts";
import { domainOf, type Project } from "#machinefile/project.ts";
import {
  fileSchema,
  machineShape,
  networkShape,
  ownShape,
  projectShape,
  sharedShape,
} from "#machinefile/schema/schema.ts";
import { unknownKey } from "#machinefile/schema/unknown-key.ts";
import { resolveEntries } from "#machinefile/value/environment.ts";
import { parseImageName, parseName } from "#machinefile/value/name.ts";
import { impliedSubnet } from "#machinefile/value/network.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";
import { mostExpanded, textSize } from "#machinefile/yaml/yaml-bounds.ts";
import { checkRoots } from "./deploy-check.ts";
import { checkFleet } from "./fleet-check.ts";
import { readDeploy } from "./read-deploy.ts";
import { type Fields, readFields, readKey, readMap } from "./read-fields.ts";
import { readImage } from "./read-image.ts";

/** The keys whose maps are merged with the defaults' instead of replacing them. */
const mergedKeys: ReadonlySet<string> = new Set(["environment", "labels"]);

/** What is under `deploy` is read by itself, so that every fault in it is found. */
const readShape = { ...machineShape, deploy: z.unknown() };
type Own = Fields<typeof readShape>;

/** The machines' order is the file's. There is a fleet only when there are no problems. */
type FleetReading =
  | { readonly fleet: Fleet; readonly problems: readonly [] }
  | { readonly problems: readonly Problem[] };

/**
 * Reads the machine file's content, as plain data, into a fleet; or says everything that is wrong with it.
 * `environment` gives the values of variables that a machine passes on without one of its own, `unnamed` the
 * project as it is where the file does not name it.
 */
export function readFleet(raw: unknown, environment: Variables, unnamed: Project): FleetReading {
  const problems: Problem[] = [];
  const file = readMap(raw, [], problems) ?? {};
  const sections = Object.keys(fileSchema.shape);
  for (const key of Object.keys(file).filter((name) => !sections.includes(name) && !name.startsWith("x-"))) {
    const { message, suggestion } = unknownKey("file", key, sections);
    problems.push(problem([key], message, suggestion, "key"));
  }
  const project = {
    ...unnamed,
    ...readFields("file", projectShape, "name" in file ? { name: file.name } : {}, [], problems),
  };
  const wished = readFields("network", networkShape, file.network, ["network"], problems);
  const shared = readDefaults(file.defaults, problems);
  const images = new Map<string, ImageSpec>();
  for (const [name, value] of Object.entries(readMap(file.images, ["images"], problems) ?? {})) {
    readKey(parseImageName, name, ["images", name], problems);
    const image = readImage(value, ["images", name], problems);
    if (image !== undefined) images.set(name, image);
  }
  const written = Object.entries(readMap(file.machines, ["machines"], problems) ?? {});
  if (written.length === 0 && !problems.some(({ path }) => path.length === 0 || path[0] === "machines")) {
    problems.push(problem(["machines"], "there are no machines; name at least one under machines"));
  }
  const { own, machines, isWhole } = readMachines(written, file.defaults, shared, environment, problems);
  if (!isWhole) return { problems };
  const network = buildNetwork(wished, project, machines);
  const origin = (name: string, key: keyof typeof machineShape) => originOf(name, key, own.get(name));
  const faulty = new Set(problems.map(({ path }) => pathKey(path.slice(0, path[0] === "machines" ? 3 : 2))));
  problems.push(
    ...checkFleet({
      network,
      machines,
      origin,
      isFaulty: (path) => faulty.has(pathKey(path)),
    }),
    ...firstProblems([checkRoots({ machines, keys: (name) => writtenKeys(file.machines, name), origin })]),
  );
  return problems.length > 0
    ? { problems }
    : { fleet: { project, network, images: Object.fromEntries(images), machines }, problems: [] };
}

/** `isWhole` is false where they come to too much, which no check goes on from. */
interface MachinesReading {
  /** What each has of its own. */
  readonly own: ReadonlyMap<string, Own>;
  readonly machines: readonly MachineSpec[];
  readonly isWhole: boolean;
}

function readMachines(
  written: readonly (readonly [string, unknown])[],
  rawDefaults: unknown,
  shared: Fields<typeof sharedShape>,
  environment: Variables,
  problems: Problem[],
): MachinesReading {
  const own = new Map<string, Own>();
  const sharedSizes = Object.fromEntries(Object.entries(shared).map(([key, value]) => [key, sizeOf(value)]));
  const machines: MachineSpec[] = [];
  let size = 0;
  for (const [name, value] of written) {
    readKey(parseName, name, ["machines", name], problems);
    const fields = readFields("machines", readShape, value, ["machines", name], problems);
    own.set(name, fields);
    const keys = isMap(value) ? Object.keys(value) : [];
    if (
      !keys.includes("image") &&
      !keys.includes("root") &&
      !isMapWith(rawDefaults, "image") &&
      (isMap(value) || value === null)
    ) {
      problems.push(problem(["machines", name], "image is missing; give one here or under defaults"));
    }
    // A key that is written but faulty is not the default's.
    const inherited = Object.fromEntries(
      Object.entries(shared).filter(([key]) => mergedKeys.has(key) || !keys.includes(key)),
    );
    for (const item of Object.values(fields)) size += sizeOf(item);
    for (const key of Object.keys(inherited)) size += sharedSizes[key] ?? 0;
    if (size > mostExpanded) {
      const message = `the machines are too much, each with what it has of the defaults: up to here ${mostExpanded} values`;
      problems.unshift(problem(["machines", name], message, undefined, "key"));
      return { own, machines, isWhole: false };
    }
    const machine = buildMachine(name, fields, inherited, environment);
    const deploy =
      fields.root === undefined && fields.deploy === undefined
        ? undefined
        : readDeploy(fields.deploy, machine.stopTimeout, ["machines", name, "deploy"], problems);
    machines.push(
      fields.root === undefined
        ? machine
        : { ...machine, image: "", root: fields.root, dependsOn: [], ...omitUndefined({ deploy }) },
    );
  }
  return { own, machines, isWhole: true };
}

/**
 * Addresses without a subnet are of one that they imply; else a free one is chosen where the network is made.
 */
function buildNetwork(
  wished: Fields<typeof networkShape>,
  project: Project,
  machines: readonly MachineSpec[],
): NetworkSpec {
  const { domain = domainOf(project.name), gateway } = wished;
  const subnet =
    wished.subnet ??
    impliedSubnet([...machines.flatMap(({ address }) => address ?? []), ...(gateway ? [gateway] : [])]);
  return { domain, ...omitUndefined({ subnet, gateway }) };
}

function readDefaults(raw: unknown, problems: Problem[]): Fields<typeof sharedShape> {
  const found: Problem[] = [];
  const fields = readFields("defaults", sharedShape, raw, ["defaults"], found);
  for (const fault of found) {
    const key = fault.path[1];
    const alone = fault.target === "key" && typeof key === "string" && Object.hasOwn(ownShape, key);
    problems.push(
      alone ? problem(fault.path, "belongs to one machine and cannot be a default", undefined, "key") : fault,
    );
  }
  return fields;
}

/**
 * Puts the defaults under a machine's own keys: maps are merged, everything else is replaced. Faulty keys are
 * simply absent.
 */
function buildMachine(
  name: string,
  own: Own,
  shared: Fields<typeof sharedShape>,
  environment: Variables,
): MachineSpec {
  const all = { ...shared, ...own };
  return {
    name,
    image: all.image ?? "",
    hostname: all.hostname ?? name,
    ...omitUndefined({ address: all.address }),
    aliases: all.aliases ?? [],
    publish: all.publish ?? [],
    ...omitUndefined({
      profile: all.profile,
      ids: all.ids,
      cpus: all.cpus,
      memory: all.memory,
      memorySwap: all.memory_swap,
      shmSize: all.shm_size,
      // None is what an absent key means too.
      tmpfs: all.tmpfs?.length ? all.tmpfs : undefined,
      pids: all.pids,
      cpuset: all.cpuset_cpus,
      blkioWeight: all.blkio_weight,
      deviceReadBps: all.device_read_bps,
      deviceWriteBps: all.device_write_bps,
      deviceReadIops: all.device_read_iops,
      deviceWriteIops: all.device_write_iops,
      // Not to have it is what an absent key means too.
      lxcfs: all.lxcfs || undefined,
    }),
    volumes: all.volumes ?? [],
    environment: resolveEntries([...(shared.environment ?? []), ...(own.environment ?? [])], environment),
    capabilities: [...new Set(all.capabilities ?? [])],
    dependsOn: all.depends_on ?? [],
    restart: all.restart ?? defaults.restart,
    ...omitUndefined({ command: all.command, stopTimeout: all.stop_timeout }),
    labels: resolveEntries([...(shared.labels ?? []), ...(own.labels ?? [])], {}),
  };
}

/** Where a machine's key was written: with the machine, or under the defaults. */
function originOf(name: string, key: keyof typeof machineShape, own: Own | undefined): Path {
  return own?.[key] === undefined && Object.hasOwn(sharedShape, key)
    ? ["defaults", key]
    : ["machines", name, key];
}

/** How much the values of some keys are: an entry of a list counts as one, and a long text more. */
function sizeOf(value: unknown): number {
  if (!isMap(value)) return textSize(value);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + sizeOf(item), 0);
  return Object.values(value).reduce((sum: number, item) => sum + sizeOf(item) - 1, 1);
}

function pathKey(path: Path): string {
  return JSON.stringify(path);
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The keys written with one machine. */
function writtenKeys(machines: unknown, name: string): readonly string[] {
  const machine = isMap(machines) ? (machines as Readonly<Record<string, unknown>>)[name] : undefined;
  return isMap(machine) ? Object.keys(machine) : [];
}

function isMapWith(value: unknown, key: string): boolean {
  return isMap(value) && key in value;
}

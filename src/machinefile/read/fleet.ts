import { imageType } from "#machinefile/keys/image.ts";
import { machineKeys, sharedKeys } from "#machinefile/keys/machine.ts";
import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import { networkKeys } from "#machinefile/keys/network.ts";
import { projectKeys } from "#machinefile/keys/project.ts";
import type { Fleet, ImageSpec, MachineSpec, NetworkSpec } from "#machinefile/machine.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { firstProblems, type Path, type Problem, problem } from "#machinefile/problem.ts";
import { domainOf, type Project } from "#machinefile/project.ts";
import { type Fields, parseFields, parseMap } from "#machinefile/type/map.ts";
import { unknownKey } from "#machinefile/type/unknown-key.ts";
import { attempt } from "#machinefile/type/value-type.ts";
import { parseImageName } from "#machinefile/value/name.ts";
import { impliedSubnet } from "#machinefile/value/network.ts";
import type { Variables } from "#machinefile/yaml/interpolate.ts";
import { buildImage } from "./build-image.ts";
import type { Written } from "./build-machine.ts";
import { checkRoots } from "./deploy-check.ts";
import { checkFleet } from "./fleet-check.ts";
import { parseMachines } from "./parse-machines.ts";

/** Machines keep the order of the file. Any problem prevents a fleet. */
type FleetReading =
  | { readonly fleet: Fleet; readonly problems: readonly [] }
  | { readonly problems: readonly Problem[] };

const sections = ["name", "network", "defaults", "images", "machines"];

/** What a file is read by. */
export interface FleetContext {
  /** The source of variables that a machine passes on without a value. */
  readonly environment: Variables;
  /** The project as it is where the file does not name it. */
  readonly unnamed: Project;
  /** The keys of a machine; the real ones where absent. */
  readonly keys?: MachineKeys | undefined;
}

/** Parses the machine file's content, plain data, into a fleet; or reports all problems. */
export function parseFleet(
  raw: unknown,
  { environment, unnamed, keys = machineKeys }: FleetContext,
): FleetReading {
  const problems: Problem[] = [];
  const file = parseMap(raw, [], problems) ?? {};
  for (const key of Object.keys(file))
    if (!sections.includes(key) && !key.startsWith("x-")) problems.push(unknownKey(key, sections, [key]));
  const named = "name" in file ? parseFields(projectKeys, { name: file.name }, [], problems) : {};
  const project = { ...unnamed, ...named };
  const network = parseFields(
    networkKeys,
    parseMap(file.network, ["network"], problems) ?? {},
    ["network"],
    problems,
  );
  const shared = parseDefaults(file.defaults, keys, problems);
  const images = parseImages(file.images, problems);
  const written = parseMap(file.machines, ["machines"], problems) ?? {};
  if (
    Object.keys(written).length === 0 &&
    !problems.some(({ path }) => path[0] === "machines" || path.length === 0)
  )
    problems.push(problem(["machines"], "no machines (example: machines: {web: {image: debian-12}})"));
  const reading = parseMachines({ written, rawDefaults: file.defaults, shared, keys, environment }, problems);
  if (!reading.isWhole) return { problems };
  const { machines, own } = reading;
  const fleet = {
    project,
    network: buildNetwork(network, project, machines),
    images,
    machines,
  };
  const faulty = new Set(problems.map(({ path }) => pathKey(path.slice(0, path[0] === "machines" ? 3 : 2))));
  const origin = (name: string, key: string) => originOf(name, key, own.get(name), keys);
  const checked = { ...fleet, origin, isFaulty: (path: Path) => faulty.has(pathKey(path)) };
  problems.push(
    ...checkFleet(checked),
    ...firstProblems([checkRoots({ machines, keys: (name) => writtenKeys(written[name]), origin })]),
  );
  return problems.length > 0 ? { problems } : { fleet, problems: [] };
}

function parseDefaults(raw: unknown, keys: MachineKeys, problems: Problem[]): Written {
  const path = ["defaults"];
  const written = Object.entries(parseMap(raw, path, problems) ?? {});
  const isOwn = (key: string) => Object.hasOwn(keys, key) && keys[key]?.isOwn === true;
  for (const [key] of written.filter(([name]) => isOwn(name))) {
    const message = "belongs to one machine and cannot be a default";
    problems.push(problem([...path, key], message, undefined, "key"));
  }
  const rest = Object.fromEntries(written.filter(([name]) => !isOwn(name)));
  return parseFields(sharedKeys(keys), rest, path, problems);
}

function parseImages(raw: unknown, problems: Problem[]): Readonly<Record<string, ImageSpec>> {
  const images: [string, ImageSpec][] = [];
  for (const [name, value] of Object.entries(parseMap(raw, ["images"], problems) ?? {})) {
    const path = ["images", name];
    attempt(parseImageName, name, path, problems, "key");
    const image = buildImage(imageType.read(value, path, problems) ?? {});
    if (image !== undefined) images.push([name, image]);
  }
  return Object.fromEntries(images);
}

/**
 * Addresses without a subnet are of one that they imply; else a free one is chosen where the network is made.
 */
function buildNetwork(
  written: Fields<typeof networkKeys>,
  project: Project,
  machines: readonly MachineSpec[],
): NetworkSpec {
  const { domain = domainOf(project.name), gateway } = written;
  const subnet =
    written.subnet ??
    impliedSubnet([...machines.flatMap(({ address }) => address ?? []), ...(gateway ? [gateway] : [])]);
  return { domain, ...omitUndefined({ subnet, gateway }) };
}

/** Where a machine's key was written: with the machine, or under the defaults. */
function originOf(name: string, key: string, own: Written | undefined, keys: MachineKeys): Path {
  return own?.[key] === undefined && keys[key]?.isOwn !== true ? ["defaults", key] : ["machines", name, key];
}

function pathKey(path: Path): string {
  return JSON.stringify(path);
}

/** The keys written with one machine. */
function writtenKeys(machine: unknown): readonly string[] {
  return typeof machine === "object" && machine !== null ? Object.keys(machine) : [];
}

import type { MachineSpec } from "#machinefile/machine.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";

/** Keys of a machine that mean nothing where a swarm runs it, and what to write instead. */
const localKeys: Readonly<Record<string, string>> = {
  image: "root and image exclude each other: the root's folder holds the machine",
  address: "a swarm gives addresses itself; other machines find this one by its name",
  restart: "the swarm starts the machine again; write deploy.restart",
  depends_on: "a swarm knows no order among services",
};

interface CheckedRoots {
  readonly machines: readonly MachineSpec[];
  /** The keys that are written with a machine itself. */
  readonly keys: (machine: string) => readonly string[];
  /** Where a machine's key was written. */
  readonly origin: (machine: string, key: "publish" | "volumes" | "depends_on" | "command") => Path;
}

/** What does not fit a machine whose root is a folder of a node, and who must not depend on one. */
export function* checkRoots(checked: CheckedRoots): Generator<Problem> {
  // One that could not be read is a root too.
  const roots = new Set(
    checked.machines.flatMap(({ name }) => (checked.keys(name).includes("root") ? [name] : [])),
  );
  for (const machine of checked.machines)
    yield* roots.has(machine.name) ? checkRoot(machine, checked) : checkLocal(machine, roots, checked);
}

function* checkLocal(
  { name, dependsOn }: MachineSpec,
  roots: ReadonlySet<string>,
  { keys, origin }: CheckedRoots,
): Generator<Problem> {
  if (keys(name).includes("deploy")) {
    yield problem(
      ["machines", name, "deploy"],
      "deploy without root (example: root: /srv/mailcow); `berth up` runs machines of images",
      undefined,
      "key",
    );
  }
  for (const [index, needed] of dependsOn.entries()) {
    if (roots.has(needed))
      yield problem(
        [...origin(name, "depends_on"), index],
        `${needed} has a root: \`berth deploy\` runs it, and a swarm knows no order`,
      );
  }
}

function* checkRoot(
  { name, publish, volumes, command }: MachineSpec,
  { keys, origin }: CheckedRoots,
): Generator<Problem> {
  for (const key of keys(name).filter((written) => Object.hasOwn(localKeys, written))) {
    yield problem(["machines", name, key], localKeys[key] ?? "", undefined, "key");
  }
  for (const [index, { hostPort, protocol }] of publish.entries()) {
    const path = [...origin(name, "publish"), index];
    if (hostPort === 0)
      yield problem(path, "host port 0 with a root (example: 8080:80; clients must know the port)");
    if (protocol === "sctp") yield problem(path, "sctp with a root (example: 53:53/udp; tcp or udp)");
  }
  for (const [index, { kind, source }] of volumes.entries()) {
    if (kind !== "bind" || source?.startsWith("/")) continue;
    yield problem(
      [...origin(name, "volumes"), index],
      `relative path ${source} with a root (example: /srv/data:/data; an absolute path of its node)`,
    );
  }
  if (command !== undefined && !command[0]?.startsWith("/")) {
    yield problem(
      origin(name, "command"),
      "relative init with a root (example: /sbin/init; an absolute path)",
    );
  }
}

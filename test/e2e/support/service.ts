import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "#lab/wait-for.ts";
import { cgroupOf, stageMounts, statesOf } from "./isolated.ts";
import { stateOf } from "./machine.ts";
import type { Node } from "./nodes.ts";
import { loaderImage } from "./swarm.ts";

export interface ServiceWish {
  /** The container's labels: those that the loader reads. */
  readonly labels: Readonly<Record<string, string>>;
  /** The name of the node that it is to run on; any by default. */
  readonly node?: string;
  /** More flags of `docker service create`, as words. */
  readonly flags?: readonly string[];
}

/** `docker service create` of the loader, on the network `application`. Returns at once. */
export async function createService(
  manager: Node,
  name: string,
  { labels, node, flags = [] }: ServiceWish,
): Promise<void> {
  await manager.docker(
    ...[
      "service",
      "create",
      "--detach",
      "--no-resolve-image",
      `--name=${name}`,
      "--endpoint-mode=dnsrr",
      "--network=application",
    ],
    "--mount=type=bind,src=/var/run/docker.sock,dst=/var/run/docker.sock",
    ...(node === undefined ? [] : [`--constraint=node.hostname==${node}`]),
    ...Object.entries(labels).map(([label, value]) => `--container-label=${label}=${value}`),
    // The image looks every ten seconds, for the sake of a loader at rest.
    ...["--restart-delay=1s", "--health-interval=1s", ...flags],
    loaderImage,
  );
}

export interface Task {
  readonly id: string;
  readonly node: string;
  /** As the manager wants it: `Running`, `Shutdown`, `Ready`. */
  readonly desired: string;
  /** `Running`, `Starting`, `Failed`, `Rejected`, `Complete`, `Shutdown` … */
  readonly state: string;
  readonly error: string;
  /** Its containers' names, the loader's first. */
  readonly loader: string;
  readonly machine: string;
  readonly guard: string;
}

/** A service's tasks, the newest of each slot first. */
export async function tasksOf(manager: Node, service: string): Promise<readonly Task[]> {
  const { stdout } = await manager.docker("service", "ps", "--no-trunc", "--format", "{{json .}}", service);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const task = JSON.parse(line) as Readonly<
      Record<"ID" | "Name" | "Node" | "DesiredState" | "CurrentState" | "Error", string>
    >;
    const loader = `${task.Name.replace(/^\W+/, "")}.${task.ID}`;
    return {
      id: task.ID,
      node: task.Node,
      desired: task.DesiredState,
      state: task.CurrentState.split(" ")[0] ?? "",
      error: task.Error,
      loader,
      machine: `${loader}.app`,
      guard: `${loader}.guard`,
    };
  });
}

/**
 * A task's start may take that long: an engine waits up to 30 s, and more than once, for a peer of its
 * overlay network that went away while the two compared what they know (networkdb's bulk sync; moby issue
 * 47396).
 */
const startLimit = 120_000;

/**
 * Waits until a task runs, which the swarm says when its machine is healthy. `not` is a task that is meant to
 * be gone.
 */
export async function runningTask(manager: Node, service: string, not?: Task): Promise<Task> {
  let seen: readonly Task[] = [];
  const look = async () => {
    seen = await tasksOf(manager, service);
    return seen.find(
      ({ id, state, desired }) => id !== not?.id && state === "Running" && desired === "Running",
    );
  };
  try {
    return await waitFor(`${service} runs`, look, startLimit);
  } catch (cause) {
    throw new Error(`${service} does not run: ${JSON.stringify(seen)}\n${await logsOf(manager, service)}`, {
      cause,
    });
  }
}

/** Waits until a task of the service has failed: the task, and all that the service has said. */
export async function failedTask(
  manager: Node,
  service: string,
  not?: Task,
): Promise<{ readonly task: Task; readonly said: string }> {
  const task = await waitFor(
    `${service} fails`,
    async () =>
      (await tasksOf(manager, service)).find(
        ({ id, state }) => id !== not?.id && /^(Failed|Rejected)$/.test(state),
      ),
    60_000,
  );
  return { task, said: `${task.error}\n${await logsOf(manager, service)}` };
}

export async function logsOf(manager: Node, service: string): Promise<string> {
  const { stdout, stderr } = await manager.tryDocker("service", "logs", "--raw", service);
  return `${stdout}${stderr}`;
}

/** Waits until a service's log, or a task's error, holds all these words; throws with all it has said. */
export async function waitForWords(
  manager: Node,
  service: string,
  ...words: readonly string[]
): Promise<void> {
  let said = "";
  const look = async () => {
    said = [
      await logsOf(manager, service),
      ...(await tasksOf(manager, service)).map(({ error }) => error),
    ].join("\n");
    return words.every((word) => said.includes(word)) ? true : undefined;
  };
  try {
    await waitFor(words.join(", "), look);
  } catch (cause) {
    throw new Error(`${service} never spoke of ${words.join(" and ")}:\n${said}`, { cause });
  }
}

export async function removeService(manager: Node, ...services: readonly string[]): Promise<void> {
  await manager.docker("service", "rm", ...services);
}

/**
 * SIGKILL of the processes that containers have. One that has ended has the pid 0, which to kill(1) is its
 * own process group.
 */
export async function killContainers(node: Node, ...containers: readonly string[]): Promise<void> {
  const states = await Promise.all(containers.map((container) => stateOf(node, container)));
  const ended = containers.filter((_, index) => !((states[index]?.pid ?? 0) > 0));
  if (ended.length > 0) throw new Error(`there is no process to kill of ${ended.join(", ")}`);
  await node.run("kill", "-KILL", ...states.map(({ pid }) => String(pid)));
}

/**
 * Prints, each line with what it is: processes first, while nothing else of this script runs; packet rules as
 * saved, without packet counts and times; of a container's cgroups the topmost, since they come and go while
 * one looks.
 */
const look = `
ps -eo comm= | grep -E '^(berth|systemd|init|nft|ip6?tables|flock)' | sed 's/^/process: /'
nft --stateless list ruleset | sed 's/^/nft: /'
for save in iptables-save ip6tables-save iptables-legacy-save ip6tables-legacy-save; do
  $save 2>/dev/null | sed 's/\\[[0-9:]*\\]//; /^#/d; s/^/rule: /'
done
ls -d /sys/fs/cgroup"$1"/*/ /sys/fs/cgroup/*"$1"/*/ 2>/dev/null | sed 's/^/cgroup: /'
true
`;

/**
 * Everything that a service could leave on a node: containers, volumes, packet rules, processes, cgroups,
 * mounts, machines' states.
 */
export async function tracesOn(node: Node): Promise<readonly string[]> {
  const lines = async (what: string, text: Promise<string>) =>
    (await text).split("\n").flatMap((line) => (line.trim() === "" ? [] : [`${what}${line.trimEnd()}`]));
  const output = async (result: Promise<{ readonly stdout: string }>) => (await result).stdout;
  // One after the other: a look must not see the other's processes.
  return [
    ...(await lines("", output(node.run("sh", "-c", look, "sh", cgroupOf(node))))),
    ...(await lines("container: ", output(node.docker("ps", "--all", "--format", "{{.Names}}")))),
    ...(await lines("volume: ", output(node.docker("volume", "ls", "--quiet")))),
    ...(await lines("mount: ", stageMounts(node))),
    ...(await statesOf(node)).map((state) => `state: ${state}`),
  ];
}

/** Waits until a node bears the traces of before and no others; throws with the difference. */
export async function cleanedUp(node: Node, before: readonly string[]): Promise<void> {
  let difference: readonly string[] = [];
  const isAsBefore = async () => {
    const now = await tracesOn(node);
    const more = now.filter((trace) => !before.includes(trace)).map((trace) => `left: ${trace}`);
    const fewer = before.filter((trace) => !now.includes(trace)).map((trace) => `missing: ${trace}`);
    difference = [...more, ...fewer];
    return difference.length === 0;
  };
  for (const end = performance.now() + 30_000; !(await isAsBefore()); await sleep(500)) {
    if (performance.now() > end)
      throw new Error(`${node.name} is not as before:\n  ${difference.join("\n  ")}`);
  }
}

/** What lies beside a root's folder: leases. */
export async function besides(folder: string): Promise<readonly string[]> {
  return (await readdir(dirname(folder))).filter((name) => name !== basename(folder));
}

import { waitFor } from "#lab/wait-for.ts";
import type { Node } from "./nodes.ts";

/** `docker run -d -t --runtime=berth`, with more flags before the image. The container's id. */
export async function runMachine(
  node: Node,
  name: string,
  image: string,
  ...flags: readonly string[]
): Promise<string> {
  const { stdout } = await node.docker("run", "-d", "-t", "--runtime=berth", "--name", name, ...flags, image);
  return stdout.trim();
}

/**
 * systemd's own word once the machine has booted: `running`, `degraded`. Nothing is run in it before its init
 * has left the cgroup root.
 */
export async function booted(node: Node, name: string): Promise<string> {
  await waitFor(`${name} boots`, async () => {
    const { running, pid } = await stateOf(node, name);
    if (!running)
      throw new Error(`${name} ended: ${(await node.docker("logs", "--tail", "20", name)).stdout}`);
    const cgroup = await node.run("cat", `/proc/${pid}/cgroup`).then(
      ({ stdout }) => stdout,
      () => "",
    );
    return cgroup.includes("/init.scope") ? true : undefined;
  });
  return waitFor(`${name}'s systemd answers`, async () => {
    const state = (
      await node.tryDocker("exec", name, "systemctl", "is-system-running", "--wait")
    ).stdout.trim();
    return /^(running|degraded|maintenance)$/.test(state) ? state : undefined;
  });
}

export interface ContainerState {
  readonly running: boolean;
  /** As the engine's namespace numbers it. */
  readonly pid: number;
  readonly status: number;
}

export async function stateOf(node: Node, name: string): Promise<ContainerState> {
  const { stdout } = await node.docker(
    "inspect",
    "--format",
    "{{.State.Running}} {{.State.Pid}} {{.State.ExitCode}}",
    name,
  );
  const [running, pid, status] = stdout.trim().split(" ");
  return { running: running === "true", pid: Number(pid), status: Number(status) };
}

/** Runs a shell script in a machine; its output without the last line end. */
export async function inside(node: Node, name: string, script: string): Promise<string> {
  return (await node.docker("exec", name, "sh", "-c", script)).stdout.trimEnd();
}

export async function failedUnits(node: Node, name: string): Promise<string> {
  return inside(node, name, "systemctl list-units --failed --plain --no-legend --no-pager");
}

/**
 * The path of each hierarchy's cgroup, by its controllers (`name=systemd`, `memory`; cgroup2's is ""), of the
 * process with that text in its command line.
 */
export async function cgroupsOfProcess(
  node: Node,
  name: string,
  text: string,
): Promise<ReadonlyMap<string, string>> {
  const { stdout: processes } = await node.docker("top", name, "-eo", "pid,args");
  const line = processes.split("\n").find((process) => process.includes(text));
  const { stdout } = await node.run("cat", `/proc/${line?.trim().split(/\s/)[0] ?? "none"}/cgroup`);
  const lines = stdout.trim().split("\n");
  return new Map(
    lines
      .map((entry) => entry.split(":"))
      .map(([, controllers = "", ...path]) => [controllers, path.join(":")]),
  );
}

export async function removeContainers(node: Node, ...names: readonly string[]): Promise<void> {
  await node.docker("rm", "--force", "--volumes", ...names);
}

/**
 * The signals that the engine has sent to a container meanwhile: the kill that follows a stop which takes too
 * long is one.
 */
export async function signalsDuring(
  node: Node,
  name: string,
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const now = () => String(Date.now() / 1000);
  const since = now();
  await work();
  const filters = ["--filter", `container=${name}`, "--filter", "event=kill"];
  const { stdout } = await node.docker(
    "events",
    "--since",
    since,
    "--until",
    now(),
    ...filters,
    "--format",
    "{{.Actor.Attributes.signal}}",
  );
  return stdout.split("\n").filter((line) => line !== "");
}

/** Removes every container of a node. */
export async function removeAll(node: Node): Promise<void> {
  const { stdout } = await node.docker("ps", "--all", "--quiet");
  if (stdout.trim() !== "") await removeContainers(node, ...stdout.trim().split("\n"));
}

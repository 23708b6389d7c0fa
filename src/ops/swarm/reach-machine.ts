import { parseEndpoint } from "#api/address.ts";
import { connect } from "#engine/connection/connect.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { listContainers } from "#engine/containers.ts";
import { readInfo } from "#engine/system.ts";
import { BerthError, hasCode } from "#errors.ts";
import { spawn } from "#host/process/spawn.ts";
import { label } from "#labels/machine.ts";
import { findMachine } from "#ops/machine/machines.ts";
import { ownContainers } from "#ops/machine/own-containers.ts";
import { type Machine, machineOf } from "#plan/machine/machine.ts";
import type { SwarmTask } from "#plan/swarm/machines.ts";
import { findSwarmMachine } from "./swarm-machines.ts";

export interface ReachOptions {
  readonly signal: AbortSignal;
  /** Who logs in to another node; as the engine itself is reached by default. */
  readonly sshUser?: string | undefined;
}

/** A machine, and the engine that runs it. */
export interface ReachedMachine {
  readonly engine: Engine;
  readonly machine: Machine;
}

/**
 * The machine of this name: the engine's, else the swarm's on any node, whose engine is reached by ssh.
 * Throws `not-found`, `conflict` if it is not running, and what `connect` throws, with a hint.
 */
export async function reachMachine(
  engine: Engine,
  name: string,
  options: ReachOptions,
): Promise<ReachedMachine> {
  const { signal } = options;
  try {
    return { engine, machine: await findMachine(engine, name, signal) };
  } catch (error) {
    if (!hasCode(error, "not-found")) throw error;
    const found = await findSwarmMachine(engine, name, signal);
    if (found === undefined) throw error;
    if (found.task?.state !== "running" || found.task.container === undefined)
      throw notRunning(name, found.task);
    const there = await nodeEngine(engine, name, found.task, options);
    return { engine: there, machine: await machineOfLoader(there, name, found.task.container, signal) };
  }
}

function notRunning(name: string, task: SwarmTask | undefined): BerthError {
  const state =
    task === undefined
      ? "its service has no task"
      : `its task is ${task.state}${task.error && `: ${task.error}`}`;
  return new BerthError("conflict", `${name} is not running: ${state}`, {
    hint: "see its tasks: berth ls --swarm",
    details: { task },
  });
}

/** The engine of the node that runs a task. */
async function nodeEngine(
  engine: Engine,
  name: string,
  { node }: SwarmTask,
  { signal, sshUser }: ReachOptions,
): Promise<Engine> {
  if (node === undefined || node.id === (await readInfo(engine, { signal })).Swarm.NodeID) return engine;
  const user = sshUser ?? (engine.endpoint.kind === "ssh" ? engine.endpoint.user : undefined);
  const host = node.address ?? node.name;
  const address = `${user === undefined ? "" : `${user}@`}${host.includes(":") ? `[${host}]` : host}`;
  try {
    const endpoint = parseEndpoint(`ssh://${address}`, `the swarm's node ${node.name}`);
    return await connect(endpoint, { spawn, signal });
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === "interrupted") throw error;
    throw new BerthError(
      error.code,
      `cannot reach the engine of node ${node.name}, on which ${name} runs: ${error.message}`,
      {
        hint: [
          `make \`ssh ${address} docker version\` work without a prompt (key, known_hosts, a user in`,
          "group docker; --ssh-user names another), or name that node's engine with --host",
        ].join(" "),
        details: error.details,
        cause: error,
      },
    );
  }
}

async function machineOfLoader(
  engine: Engine,
  name: string,
  loader: string,
  signal: AbortSignal,
): Promise<Machine> {
  const containers = await listContainers(engine, {
    all: true,
    filters: { label: [`${label.loader}=${loader}`] },
    signal,
  });
  const machines = await ownContainers(engine, containers, label.machine, signal);
  const container = machines.find(({ Labels }) => Labels[label.loader] === loader);
  if (container !== undefined) return machineOf(container);
  throw new BerthError("conflict", `the loader of ${name} has not started it yet`, {
    hint: `see its log: berth logs ${name}`,
  });
}

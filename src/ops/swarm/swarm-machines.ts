import type { Engine } from "#engine/connection/engine.ts";
import { listNodes } from "#engine/nodes.ts";
import { listServices } from "#engine/services.ts";
import { readInfo } from "#engine/system.ts";
import { listTasks } from "#engine/tasks.ts";
import { chooseSwarmMachine, type SwarmMachine, swarmMachines } from "#plan/swarm/machines.ts";

/** The machines of a swarm, by name; a service without tasks counts once. The engine is a manager. */
export async function listSwarmMachines(
  engine: Engine,
  signal: AbortSignal,
): Promise<readonly SwarmMachine[]> {
  const [services, tasks, nodes] = await Promise.all([
    listServices(engine, { signal }),
    listTasks(engine, { signal }),
    listNodes(engine, { signal }),
  ]);
  return swarmMachines(services, tasks, nodes);
}

/**
 * A machine of the swarm by its own or its service's name, a running one first. Undefined if it does not
 * exist or the engine is not a manager.
 */
export async function findSwarmMachine(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<SwarmMachine | undefined> {
  if (!(await readInfo(engine, { signal })).Swarm.ControlAvailable) return undefined;
  return chooseSwarmMachine(await listSwarmMachines(engine, signal), name);
}

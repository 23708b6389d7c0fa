import { readServiceLogs } from "#engine/services.ts";
import { BerthError } from "#errors.ts";
import type { SwarmMachine } from "#plan/swarm/machines.ts";
import { consoleQuery, journalOnly } from "./log-request.ts";
import { jsonSink, parseConsoleLine, textSink } from "./log-sink.ts";
import type { LogView } from "./machine-logs.ts";

/**
 * Shows the console of a machine of the swarm, as its loader passed it on, from whatever node. Following goes
 * on until it is interrupted.
 */
export async function showServiceLog(
  { context, engine, request, prefix }: LogView,
  machine: SwarmMachine,
): Promise<number> {
  const { name, service } = machine;
  const [flag = request.until === undefined ? undefined : "--until"] = journalOnly(request);
  if (flag !== undefined) {
    throw new BerthError(
      "conflict",
      `${flag} needs a journal: the log of ${name}, a machine of the swarm, is its console`,
      {
        hint: `read its journal: berth exec ${name} journalctl`,
      },
    );
  }
  const sink = request.json ? jsonSink(context, name, parseConsoleLine) : textSink(context, prefix(machine));
  const { signal } = context;
  try {
    const query = { ...consoleQuery(request, new Date()), tty: service.tty, signal };
    for await (const chunk of await readServiceLogs(engine, service.id, query)) await sink.push(chunk);
    await sink.end();
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
  return 0;
}

import type { SwarmMachine } from "#plan/swarm/machines.ts";
import type { Style } from "./color.ts";
import { formatDuration } from "./duration.ts";
import type { Column } from "./table.ts";

/** The columns of `berth ls --swarm`; `now` is Unix time in milliseconds. */
export function swarmColumns(now: number): readonly Column<SwarmMachine>[] {
  return [
    { header: "NAME", value: ({ name }) => name },
    { header: "SERVICE", value: ({ service }) => service.name },
    { header: "NODE", value: ({ task }) => nodeText(task) },
    { header: "STATE", value: ({ task }) => task?.state ?? "none", paint: paintState },
    {
      header: "SINCE",
      value: ({ task }) => (task === undefined ? "" : formatDuration(now - Date.parse(task.since))),
    },
    { header: "ROOT", value: ({ root }) => root ?? "", shrinks: true },
    { header: "ERROR", value: ({ task }) => task?.error ?? "", shrinks: true },
  ];
}

function nodeText(task: SwarmMachine["task"]): string {
  if (task?.node === undefined) return "";
  return task.node.state === "ready" ? task.node.name : `${task.node.name} (${task.node.state})`;
}

function paintState(text: string, { task }: SwarmMachine, style: Style): string {
  if (task?.state === "running") return style.green(text);
  return task?.state === "failed" || task?.state === "rejected" ? style.red(text) : style.yellow(text);
}

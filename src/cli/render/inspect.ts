import type { View } from "#cli/frame/context.ts";
import type { MachineDetails } from "#plan/machine/details.ts";
import type { Style } from "./color.ts";
import { renderFailedUnits } from "./failed-units.ts";
import { formatSize } from "./size.ts";
import { pad, plainText } from "./text.ts";

type Line = readonly [key: string, value: string | undefined];

/** All about machines for people: sections of `key: value`, an empty line between machines. */
export function renderDetails(machines: readonly MachineDetails[], view: View): string {
  return machines.map((machine) => renderMachine(machine, view)).join("\n");
}

function renderMachine(machine: MachineDetails, { style, width }: View): string {
  const { limits, capabilities, image } = machine;
  const units = renderFailedUnits(machine.failedUnits, {
    style,
    width: width === undefined ? undefined : width - 2,
  });
  return [
    `${style.bold(plainText(machine.name))}\n`,
    section("State", style, [
      ["State", stateOf(machine)],
      ["Init says", machine.initState],
      ["Started", machine.started],
      ["Finished", machine.finished],
      ["Created", machine.created],
      [
        "Restart policy",
        machine.restarts > 0 ? `${machine.restart} (${machine.restarts} times so far)` : machine.restart,
      ],
    ]),
    units === "" ? "" : `  ${style.bold("Failed units")}\n${units.replace(/^(?=.)/gm, "  ")}`,
    section("System", style, [
      ["Image", `${image.name} (${shortId(image.id)})`],
      ["OS", machine.os],
      ["Init", machine.init],
      ["Command", machine.command.join(" ")],
      ["Machine id", machine.machineId],
      ["Id", machine.id],
    ]),
    section("Network", style, [
      ["Host name", machine.hostname],
      ["Network", machine.network],
      ...machine.addresses.map(
        ({ network, ipv4, ipv6 }): Line => ["Address", addressLine(network, ipv4, ipv6)],
      ),
      ["DNS names", list(machine.dnsNames)],
      ...machine.ports.map(({ port, host }): Line => ["Published", `${host.join(", ")} -> ${port}`]),
    ]),
    section("Confinement", style, [
      [
        "Profile",
        machine.rootId
          ? `${machine.profile}; its root is the host's user ${machine.rootId}`
          : machine.profile,
      ],
      [
        "Runtime",
        machine.runtime.berth
          ? `${machine.runtime.name} (berth-runtime)`
          : `${machine.runtime.name} (no berth-runtime)`,
      ],
      ...machine.weaker.map((text): Line => ["Weaker", text]),
      ["Added", list(capabilities.added)],
      ["Dropped", list(capabilities.dropped)],
    ]),
    section("Limits", style, [
      ["Memory", limits.memory === undefined ? "no limit" : formatSize(limits.memory)],
      [
        "With swap",
        limits.memorySwap === undefined
          ? undefined
          : limits.memorySwap < 0
            ? "no limit"
            : formatSize(limits.memorySwap),
      ],
      ["Processors", limits.cpus === undefined ? "no limit" : String(limits.cpus)],
      ["Processes", limits.pids === undefined ? "no limit" : String(limits.pids)],
    ]),
    section(
      "Mounts",
      style,
      machine.mounts.map(
        ({ type, source, target, readOnly }): Line => [
          type,
          `${source} -> ${target}${readOnly ? " (read-only)" : ""}`,
        ],
      ),
    ),
    section(
      "Made from",
      style,
      machine.spec === undefined
        ? []
        : Object.entries(machine.spec).map(([key, value]): Line => [key, specValue(value)]),
    ),
  ].join("");
}

function section(title: string, style: Style, lines: readonly Line[]): string {
  const shown = lines.flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[plainText(key), plainText(value)] as const],
  );
  if (shown.length === 0) return "";
  const width = Math.max(...shown.map(([key]) => key.length)) + 2;
  const rows = shown.map(([key, value]) => `    ${pad(`${key}:`, width)}${value}\n`);
  return `  ${style.bold(title)}\n${rows.join("")}`;
}

function stateOf({ state, exitStatus, outOfMemory }: MachineDetails): string {
  const facts = [
    ...(exitStatus === undefined ? [] : [`status ${exitStatus}`]),
    ...(outOfMemory ? ["out of memory"] : []),
  ];
  return facts.length > 0 ? `${state} (${facts.join(", ")})` : state;
}

function addressLine(
  network: string,
  ipv4: string | undefined,
  ipv6: string | undefined,
): string | undefined {
  const addresses = [ipv4, ipv6].filter((address) => address !== undefined && address !== "");
  return addresses.length === 0 ? undefined : `${addresses.join(", ")} on ${network}`;
}

/** What was written for it: empty lists and records are nothing. */
function specValue(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.keys(value).length === 0 ? undefined : JSON.stringify(value);
}

function list(texts: readonly string[]): string | undefined {
  return texts.length === 0 ? undefined : texts.join(", ");
}

function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

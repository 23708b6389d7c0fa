import { BerthError } from "#errors.ts";
import { readNumber } from "#host/process/proc-file.ts";
import { forgetFlows } from "#host/syscall/conntrack.ts";
import type { Publish } from "#machinefile/value/publish.ts";
import { planAcceptRules } from "#plan/network/accept-rules.ts";
import type { Flow } from "#plan/network/conntrack-message.ts";
import { type AcceptMark, wallWarning } from "#plan/network/engine-wall.ts";
import {
  type Family,
  type ForwardTargets,
  families,
  isForwarded,
  isLoopback,
} from "#plan/network/forwarding.ts";
import { renderPortTable } from "#plan/network/port-table.ts";
import { checkPublishes, publishWarnings } from "#plan/network/publish-check.ts";
import { isFlowOf } from "#plan/network/tracked-flow.ts";
import { addAcceptRules, readAcceptRules, removeAcceptRules } from "./accept-rules.ts";
import { readWall } from "./engine-wall.ts";
import { findRoute, type HostAddress, readHostAddresses } from "./interfaces.ts";
import { awaitFormerTables, holdPortTable } from "./port-table.ts";
import { reservePorts } from "./reservation.ts";

export interface ForwardOptions {
  /** Unique on this host; `[a-z0-9]{1,24}`. It names the table and the rules' comment. */
  readonly name: string;
  readonly publish: readonly Publish[];
  readonly targets: ForwardTargets;
  /**
   * Called at most once, when the ports have been closed from outside; `close` is to be called nevertheless.
   */
  readonly onLost: (error: BerthError) => void;
  /** For the log: what becomes known while they are open. */
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface OpenPorts {
  /** What is not as one may expect, a sentence each. */
  readonly warnings: readonly string[];
  /** Leaves the host as it was; ends the flows to the machine. A second call does nothing. */
  close(): Promise<void>;
}

/**
 * Publishes ports of the host's network namespace, in which this process must be, to a machine behind one of
 * its bridges; the machine sees each peer's own address. Opens all ports or none. They close by `close` and,
 * in any case, with this process; after a crash accept rules may remain, which are harmless alone and which
 * `sweepPorts` removes. Relays (TCP only) clients on loopback and on the machine's own bridge, and IPv6
 * clients of a machine without IPv6. Throws `usage` for ports that cannot be published like that, `conflict`
 * with every taken port and, if /proc shows it, its holder, `host-unfit`, `tool-missing`, `tool-failed`, and
 * `interrupted` if the signal fires.
 */
export async function openPorts(options: ForwardOptions): Promise<OpenPorts> {
  const { name, publish, targets, onLost, note, signal } = options;
  checkPublishes(publish, targets);
  const reached = families.filter((family) => targets[family] !== undefined);
  if (reached.length === 0)
    throw new BerthError(
      "host-unfit",
      "cannot publish ports: the machine has no address that this host reaches",
    );
  await checkForwarding(publish, reached);
  const addresses = readHostAddresses();
  const bridges = reached.map((family) => findRoute(addresses, targets[family] ?? ""));
  const walls = await readWalls(publish, reached, bridges);
  const interfaces = [...new Set(bridges.map((bridge) => bridge.interface))];
  const script = renderPortTable(name, publish, targets, interfaces, walls.marks);

  const locals = new Set(addresses.map(({ address }) => address).filter((address) => !isLoopback(address)));
  const isOurs = (flow: Flow) => isFlowOf(flow, publish, targets) && locals.has(flow.destination);
  const isTargets = ({ repliesFrom }: Flow) => families.some((family) => targets[family] === repliesFrom);

  const undo: (() => Promise<void>)[] = [];
  const close = async () => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  const warnings = [...publishWarnings(publish, targets, addresses.some(isOutsideIpv6)), ...walls.warnings];
  try {
    checkSignal(signal);
    const reservation = await reservePorts(publish, { targets, bridges }, note);
    undo.push(() => reservation.close());
    await awaitFormerTables(publish);
    checkSignal(signal);
    // Only after the table is removed: its rules would create the flows again.
    undo.push(async () => void tryForget((flow) => isOurs(flow) && isTargets(flow)));
    const table = await holdPortTable(name, script, onLost);
    undo.push(() => table.close());
    checkSignal(signal);
    undo.push(async () => removeAcceptRules((await readAcceptRules()).filter((rule) => rule.name === name)));
    warnings.push(...(await addAcceptRules(planAcceptRules(name, publish, targets))));
    checkSignal(signal);
    // Flows that began before, to a former machine or to none, would keep their old destination.
    warnings.push(...tryForget((flow) => isOurs(flow) && !isTargets(flow)));
  } catch (error) {
    await close().catch((more: unknown) => {
      throw new BerthError("tool-failed", `${String(error)}; and cannot undo it: ${String(more)}`, {
        cause: error,
      });
    });
    throw error;
  }
  return { warnings, close };
}

/** How packets pass the engine's own firewall; `bridges` are those of the families. */
async function readWalls(
  publish: readonly Publish[],
  reached: readonly Family[],
  bridges: readonly HostAddress[],
) {
  const marks: Partial<Record<Family, AcceptMark>> = {};
  const closed: Family[] = [];
  for (const [index, family] of reached.entries()) {
    if (!publish.some((one) => isForwarded(one, family))) continue;
    const wall = await readWall(family, bridges[index]?.interface ?? "");
    if (wall === "closed") closed.push(family);
    else if (wall !== "open") marks[family] = wall;
  }
  return { marks, warnings: closed.length === 0 ? [] : [wallWarning(closed)] };
}

function tryForget(isStale: (flow: Flow) => boolean): readonly string[] {
  try {
    forgetFlows(isStale);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return [
      "UDP clients that already send to these ports may not reach the machine until they pause: " +
        `connection tracking failed with ${code}`,
    ];
  }
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new BerthError("interrupted", "interrupted while opening ports", { cause: signal.reason });
}

const switches = { ipv4: "net/ipv4/ip_forward", ipv6: "net/ipv6/conf/all/forwarding" } as const;

async function checkForwarding(publish: readonly Publish[], reached: readonly Family[]): Promise<void> {
  for (const family of reached) {
    if (!publish.some((one) => isForwarded(one, family))) continue;
    const path = switches[family];
    if ((await readNumber(`/proc/sys/${path}`)) === 1) continue;
    const name = path.replaceAll("/", ".");
    throw new BerthError("host-unfit", `this host does not forward packets: ${name} is off`, {
      hint: `Run \`sysctl -w ${name}=1\`.`,
    });
  }
}

/** Whether clients elsewhere may know the host by this address. */
function isOutsideIpv6({ address }: HostAddress): boolean {
  return address.includes(":") && !isLoopback(address) && !address.startsWith("fe80:");
}

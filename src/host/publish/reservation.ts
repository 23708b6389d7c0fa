import { createSocket, type SocketType } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { BerthError } from "#errors.ts";
import { isMissing } from "#host/process/proc-file.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import type { Publish } from "#machinefile/value/publish.ts";
import { familyOf } from "#plan/network/forwarding.ts";
import { describePublish } from "#plan/network/publish-check.ts";
import { findPortHolder } from "./port-holder.ts";
import { type RelayRule, relay, relayTarget } from "./relay.ts";
import { RelayGate, readDescriptorLimit, relayLimits } from "./relay-gate.ts";

export interface Reservation {
  /** Ends every relayed connection and frees the ports. */
  close(): Promise<void>;
}

interface Place {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly hostPort: number;
  readonly port: number;
  /** As the user wrote it. */
  readonly label: string;
}

type Closing = () => Promise<void>;

/**
 * Binds the host's ports, so that no other program, Docker's publishing or another machine can take them.
 * Relays TCP connections on these sockets to the machine as `rule` decides, at a concurrency that leaves this
 * process enough descriptors; closes further ones at once, and calls `note` for the first. Ignores UDP
 * datagrams, which reach these sockets only from loopback and the machine's own bridge. Throws `conflict`
 * with every taken port, `host-unfit` if one cannot be bound; then none stays bound.
 */
export async function reservePorts(
  publish: readonly Publish[],
  rule: RelayRule,
  note: (text: string) => void,
): Promise<Reservation> {
  const anyAddress = (await isMissing("/proc/net/if_inet6")) ? "0.0.0.0" : "::";
  const bound: Closing[] = [];
  const taken: Place[] = [];
  const close = async () => {
    await Promise.all(bound.splice(0).map((end) => end()));
  };
  try {
    const places = publish.flatMap((one) => placesOf(one, anyAddress));
    const gate = new RelayGate(relayLimits(readDescriptorLimit(), places.length), note);
    for (const place of places) {
      try {
        bound.push(await (place.protocol === "tcp" ? bindTcp(place, rule, gate) : bindUdp(place)));
      } catch (error) {
        if (!hasErrno(error, ["EADDRINUSE"])) throw unfit(place, error as NodeJS.ErrnoException);
        taken.push(place);
      }
    }
    if (taken.length > 0) throw await conflict(taken);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

function placesOf(one: Publish, anyAddress: string): readonly Place[] {
  const { protocol, address, count } = one;
  if (protocol === "sctp") return [];
  return Array.from({ length: count }, (_, offset) => {
    const hostPort = one.hostPort + offset;
    const label = describePublish({ ...one, hostPort, count: 1 });
    return { protocol, address: address ?? anyAddress, hostPort, port: one.port + offset, label };
  });
}

/** Without an address the one socket on `::` has IPv4, too. */
const isIpv6Only = (place: Place) => place.address === "::" && place.label.includes("[");

async function bindTcp(place: Place, rule: RelayRule, gate: RelayGate): Promise<Closing> {
  const sockets = new Set<Socket>();
  const keep = (pair: readonly Socket[], leave: () => void) => {
    let open = pair.length;
    for (const socket of pair) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        if (--open === 0) leave();
      });
    }
  };
  const enter = gate.at(place.label);
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = client.remoteAddress === undefined ? undefined : relayTarget(client.remoteAddress, rule);
    const leave = target === undefined ? undefined : enter();
    if (target === undefined || leave === undefined) {
      client.resetAndDestroy();
      return;
    }
    keep([client, relay(client, target, place.port)], leave);
  });
  const listening = once(server, "listening");
  server.listen({ host: place.address, port: place.hostPort, exclusive: true, ipv6Only: isIpv6Only(place) });
  await listening;
  return async () => {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}

async function bindUdp(place: Place): Promise<Closing> {
  const type: SocketType = familyOf(place.address) === "ipv6" ? "udp6" : "udp4";
  const socket = createSocket({ type, ipv6Only: isIpv6Only(place) });
  const listening = once(socket, "listening");
  socket.bind({ address: place.address, port: place.hostPort, exclusive: true });
  await listening;
  return async () => {
    const closed = once(socket, "close");
    socket.close();
    await closed;
  };
}

async function conflict(taken: readonly Place[]): Promise<BerthError> {
  const details = await Promise.all(
    taken.map(async (place) => ({ ...place, holder: await findPortHolder(place.protocol, place.hostPort) })),
  );
  const problems = details.map(
    ({ label, holder }) =>
      `${label}${holder === undefined ? "" : ` (by ${holder.program}, process ${holder.pid})`}`,
  );
  return new BerthError("conflict", `in use on this host: ${problems.join(", ")}`, {
    hint: "Stop the program that uses the port, or publish another one.",
    details: details.map(({ protocol, address, hostPort, holder }) => ({
      protocol,
      address,
      port: hostPort,
      ...(holder && { holder }),
    })),
  });
}

function unfit(place: Place, cause: NodeJS.ErrnoException): BerthError {
  const { code = cause.message } = cause;
  if (code === "EADDRNOTAVAIL") {
    return new BerthError("host-unfit", `${place.label}: ${place.address} is not an address of this host`, {
      cause,
    });
  }
  const hint =
    code === "EMFILE" || code === "ENFILE"
      ? "Raise the limit of open files, or publish fewer ports."
      : undefined;
  return new BerthError("host-unfit", `cannot bind ${place.label}: ${code}`, {
    cause,
    ...(hint && { hint }),
  });
}

import ipaddr from "ipaddr.js";
import type { TrackedFlow } from "./tracked-flow.ts";

/*
 * The messages that list and delete what the kernel's connection tracking remembers.
 * Sources: netlink(7); linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h.
 * Headers are in host byte order (berth's hosts are little-endian), ports and addresses in network order.
 */

export interface Flow extends TrackedFlow {
  /** The address family and the attributes that name the flow to the kernel. */
  readonly key: FlowKey;
}

interface FlowKey {
  readonly family: number;
  readonly attributes: Buffer;
}

const subsystem = 1 << 8;
const messages = { new: subsystem, get: subsystem | 1, delete: subsystem | 2, error: 2, done: 3 } as const;
const flags = { request: 1, acknowledge: 4, dump: 0x300 } as const;
const attribute = { original: 1, reply: 2, id: 12, zone: 18 } as const;
const tuple = { addresses: 1, protocol: 2 } as const;
const headerLength = 16;
/** Behind it the family, a version and a resource stand before the attributes. */
const familyLength = 4;

export const listFlowsMessage = (family: number) =>
  renderMessage(messages.get, flags.request | flags.dump, family, Buffer.alloc(0));

export const deleteFlowMessage = ({ family, attributes }: FlowKey) =>
  renderMessage(messages.delete, flags.request | flags.acknowledge, family, attributes);

function renderMessage(type: number, flag: number, family: number, attributes: Buffer): Buffer {
  const head = Buffer.alloc(headerLength + familyLength);
  head.writeUInt32LE(head.length + attributes.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(flag, 6);
  head.writeUInt8(family, headerLength);
  return Buffer.concat([head, attributes]);
}

export interface FlowAnswer {
  readonly flows: readonly Flow[];
  /** Whether nothing follows. */
  readonly isLast: boolean;
  /** errno(3) of a failed request, else 0. */
  readonly error: number;
}

/** What one datagram of the kernel says. */
export function parseFlowAnswer(data: Buffer): FlowAnswer {
  const flows: Flow[] = [];
  for (let at = 0; at + headerLength <= data.length; ) {
    const length = data.readUInt32LE(at);
    if (length < headerLength || at + length > data.length) break;
    const type = data.readUInt16LE(at + 4);
    const body = data.subarray(at + headerLength, at + length);
    if (type === messages.error || type === messages.done) {
      // struct nlmsgerr, and since Linux 2.6 the end of a list, begin with an error as a negative number.
      return { flows, isLast: true, error: body.length < 4 ? 0 : Math.abs(body.readInt32LE(0)) };
    }
    if (type === messages.new) {
      const flow = parseFlow(body);
      if (flow !== undefined) flows.push(flow);
    }
    at += align(length);
  }
  return { flows, isLast: false, error: 0 };
}

function parseFlow(body: Buffer): Flow | undefined {
  const attributes = parseAttributes(body.subarray(familyLength));
  const original = parseTuple(attributes.get(attribute.original)?.value);
  const reply = parseTuple(attributes.get(attribute.reply)?.value);
  if (
    original?.destination === undefined ||
    reply?.source === undefined ||
    original.destinationPort === undefined
  )
    return undefined;
  const named = [attribute.original, attribute.zone, attribute.id].flatMap(
    (type) => attributes.get(type)?.whole ?? [],
  );
  return {
    protocol: original.protocol,
    destination: original.destination,
    destinationPort: original.destinationPort,
    repliesFrom: reply.source,
    key: { family: body.readUInt8(0), attributes: Buffer.concat(named) },
  };
}

function parseTuple(data: Buffer | undefined) {
  const parts = parseAttributes(data ?? Buffer.alloc(0));
  const addresses = parseAttributes(parts.get(tuple.addresses)?.value ?? Buffer.alloc(0));
  const ports = parseAttributes(parts.get(tuple.protocol)?.value ?? Buffer.alloc(0));
  const protocol = ports.get(1)?.value.readUInt8(0);
  if (protocol === undefined) return undefined;
  const addressOf = (type: number, type6: number) => {
    const bytes = addresses.get(type)?.value ?? addresses.get(type6)?.value;
    return bytes === undefined ? undefined : ipaddr.fromByteArray([...bytes]).toString();
  };
  return {
    protocol,
    source: addressOf(1, 3),
    destination: addressOf(2, 4),
    destinationPort: ports.get(3)?.value.readUInt16BE(0),
  };
}

/** By type; `whole` has the attribute's head and padding. */
function parseAttributes(
  data: Buffer,
): ReadonlyMap<number, { readonly value: Buffer; readonly whole: Buffer }> {
  const found = new Map<number, { value: Buffer; whole: Buffer }>();
  for (let at = 0; at + 4 <= data.length; ) {
    const length = data.readUInt16LE(at);
    if (length < 4 || at + length > data.length) break;
    // The two highest bits say whether it is nested and in which order of bytes.
    const type = data.readUInt16LE(at + 2) & 0x3fff;
    const whole = Buffer.alloc(align(length));
    data.copy(whole, 0, at, at + length);
    found.set(type, { value: data.subarray(at + 4, at + length), whole });
    at += align(length);
  }
  return found;
}

/** NLMSG_ALIGN, NLA_ALIGN */
const align = (length: number) => (length + 3) & ~3;

import { closeSync, readSync, writeSync } from "node:fs";
import {
  deleteFlowMessage,
  type Flow,
  type FlowAnswer,
  listFlowsMessage,
  parseFlowAnswer,
} from "#plan/network/conntrack-message.ts";
import { errnoName } from "./errno-name.ts";
import { call, libc } from "./libc.ts";

/** AF_NETLINK, SOCK_RAW with SOCK_CLOEXEC, NETLINK_NETFILTER */
const netfilterSocket = [16, 0x80003, 12] as const;
const noEntry = 2;
const addressFamilies = [2, 10] as const;

/**
 * Deletes the tracked flows of this network namespace that `isStale` selects: a flow keeps its first
 * destination, despite changed rules, while its packets arrive. Its next packet starts a new flow. Does not
 * yield, since the kernel answers at once. Throws an error with a `code` without the permission, or without
 * connection tracking.
 */
export function forgetFlows(isStale: (flow: Flow) => boolean): void {
  const socket = call("socket", () => libc.socket(...netfilterSocket));
  try {
    for (const family of addressFamilies) {
      // The whole list first: the kernel answers one question after the other.
      const stale = ask(socket, listFlowsMessage(family), isStale);
      for (const { key } of stale) ask(socket, deleteFlowMessage(key), isStale);
    }
  } finally {
    closeSync(socket);
  }
}

function ask(socket: number, message: Buffer, picks: (flow: Flow) => boolean): readonly Flow[] {
  writeSync(socket, message);
  const picked: Flow[] = [];
  const buffer = Buffer.alloc(1 << 16);
  for (let answer: FlowAnswer | undefined; answer?.isLast !== true; ) {
    const length = readSync(socket, buffer);
    answer = parseFlowAnswer(buffer.subarray(0, length));
    // A flow may have ended by itself before it could be deleted.
    if (answer.error !== 0 && answer.error !== noEntry) {
      const code = errnoName(answer.error);
      throw Object.assign(new Error(`connection tracking: ${code}`), { code });
    }
    picked.push(...answer.flows.filter(picks));
  }
  return picked;
}

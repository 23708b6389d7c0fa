import { answered, calls, EINVAL, ERANGE } from "#host/syscall/mirror-calls.ts";
import type { Exchange } from "./exchange.ts";
import { attributeMeant, attributeSeen } from "./ids.ts";
import type { Node } from "./nodes.ts";
import { pathOf, text } from "./path-text.ts";
import { replyHeader } from "./protocol.ts";

/** Puts a value, or with no room for it its length alone, into a reply (getxattr(2)). */
function value({ request, reply }: Exchange, bytes: Uint8Array): number {
  const room = request.u32(0);
  if (room === 0) {
    reply.bytes.fill(0, replyHeader, replyHeader + 8);
    reply.view.setUint32(replyHeader, bytes.length, true);
    return 8;
  }
  if (room < bytes.length) return -ERANGE;
  reply.bytes.set(bytes, replyHeader);
  return bytes.length;
}

/** No value is larger (XATTR_SIZE_MAX, XATTR_LIST_MAX in linux/limits.h). */
const scratch = Buffer.alloc(65_536);

function readValue(
  exchanged: Exchange,
  node: Node,
  read: (file: number) => number,
  seen: (bytes: Uint8Array) => Uint8Array,
): number {
  return exchanged.tree.withSeen(node, (file) => {
    const length = read(file);
    return length < 0 ? length : value(exchanged, seen(scratch.subarray(0, length)));
  });
}

/** setxattr(2), with the machine's ids in the value. */
export function setValue({ tree, request, range }: Exchange, node: Node): number {
  const name = request.name(8);
  const from = 8 + name.length + 1;
  const meant = attributeMeant(range, name, request.rest(from).subarray(0, request.u32(0)));
  if (meant === undefined) return -EINVAL;
  // An address is wanted also of what is empty.
  const bytes = Buffer.concat([meant, Buffer.alloc(1)]);
  return tree.withSeen(node, (file) =>
    answered(calls.setxattr(pathOf(file), text(name, 1), bytes, meant.length, request.u32(4))),
  );
}

/** getxattr(2), with the image's ids in the value. */
export function getValue(exchanged: Exchange, node: Node): number {
  const name = exchanged.request.name(8);
  const read = (file: number) =>
    answered(calls.getxattr(pathOf(file), text(name, 1), scratch, scratch.length));
  return readValue(exchanged, node, read, (bytes) => attributeSeen(exchanged.range, name, bytes));
}

/** listxattr(2) */
export function listNames(exchanged: Exchange, node: Node): number {
  const read = (file: number) => answered(calls.listxattr(pathOf(file), scratch, scratch.length));
  return readValue(exchanged, node, read, (bytes) => bytes);
}

/** removexattr(2) */
export function removeValue({ tree, request }: Exchange, node: Node): number {
  return tree.withSeen(node, (file) => answered(calls.removexattr(pathOf(file), text(request.name(0), 1))));
}

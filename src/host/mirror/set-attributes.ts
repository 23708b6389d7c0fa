import { constants } from "node:fs";
import { answered, calls } from "#host/syscall/mirror-calls.ts";
import { type Exchange, isOpen } from "./exchange.ts";
import { type Node, rootId } from "./nodes.ts";
import { pathOf, text } from "./path-text.ts";
import { setting } from "./protocol.ts";

const { O_WRONLY } = constants;
/** utimensat(2) */
const [timeNow, timeKept] = [0x3fff_ffff, 0x3fff_fffe];

/**
 * A restarted engine corrects the owner and mode of the directory that it is about to mount at, which it
 * wants private (overlay2 in moby). The machine's root is already mounted there, and would become unusable
 * for the machine's users.
 */
const isPlaceMode = (node: Node, mode: number) => node.id === rootId && mode === 0o700;

/** Sets the given ones of owner, mode, size and times, and replies with the new attributes. */
export function setAttributes(exchanged: Exchange, node: Node): number {
  const { tree, request, reply } = exchanged;
  const valid = request.u32(0);
  const mode = request.u32(68) & 0o7777;
  const has = (bit: number) => (valid & bit) !== 0;
  const change = (file: number): number => {
    const steps = [
      () =>
        has(setting.uid | setting.gid)
          ? tree.own(
              file,
              has(setting.uid) ? request.u32(76) : undefined,
              has(setting.gid) ? request.u32(80) : undefined,
            )
          : 0,
      () => (has(setting.mode) && !isPlaceMode(node, mode) ? answered(calls.chmod(pathOf(file), mode)) : 0),
      () => (has(setting.size) ? truncate(exchanged, node, file) : 0),
      () => (has(setting.atime | setting.mtime) ? setTimes(exchanged, file, valid) : 0),
      () => tree.look(file),
    ];
    for (const step of steps) {
      const result = step();
      if (result < 0) return result;
    }
    return reply.attributes(tree.status, tree.seen);
  };
  return tree.withSeen(node, change);
}

/** By a descriptor that may be written to: the engine's own where it has one. */
function truncate({ tree, request }: Exchange, node: Node, file: number): number {
  const named =
    (request.u32(0) & setting.handle) !== 0 && isOpen(node, request.u32(8)) ? request.u32(8) : undefined;
  const writable = named ?? tree.reopen(file, O_WRONLY);
  if (writable < 0) return writable;
  const result = answered(calls.ftruncate(writable, request.i64(16)));
  if (named === undefined) calls.close(writable);
  return result;
}

const times = new BigInt64Array(4);

function setTimes({ request }: Exchange, file: number, valid: number): number {
  for (const [index, [given, now, seconds, nanoseconds]] of (
    [
      [setting.atime, setting.atimeNow, 32, 56],
      [setting.mtime, setting.mtimeNow, 40, 60],
    ] as const
  ).entries()) {
    times[2 * index] = request.i64(seconds);
    times[2 * index + 1] = BigInt(
      (valid & now) !== 0 ? timeNow : (valid & given) !== 0 ? request.u32(nanoseconds) : timeKept,
    );
  }
  return answered(calls.utimensat(file, text(""), times, 0x1000));
}

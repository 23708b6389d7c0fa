import { EAGAIN, EINTR, ENODEV, ENOENT, ENOSYS, ESTALE } from "#host/syscall/mirror-calls.ts";
import { isEngine } from "./engine-thread.ts";
import { opcodes, replyHeader, Status } from "./protocol.ts";
import { readRequest, reply, request, send } from "./wire.ts";

/** A directory that is empty and private, as the engine wants the one that it mounts at (overlay2 in moby). */
const directory = new Status();
directory.bytes.writeUInt16LE(0o40700, 28);
directory.bytes.writeUInt32LE(2, 16);
directory.bytes.writeBigUint64LE(1n, 32);

/** struct fuse_kstatfs of what has no room, with blocks and names of the usual size. */
function statistics(): number {
  reply.bytes.fill(0, replyHeader, replyHeader + 80);
  for (const [at, value] of [
    [40, 4096],
    [44, 255],
    [48, 4096],
  ] as const)
    reply.view.setUint32(replyHeader + at, value, true);
  return 80;
}

const answers = new Map<number, () => number | undefined>([
  [opcodes.init, () => reply.init(request.u32(12))],
  [opcodes.getattr, () => reply.attributes(directory, (id) => id)],
  [opcodes.statfs, statistics],
  [opcodes.getxattr, () => -ENOSYS],
  [opcodes.listxattr, () => -ENOSYS],
  [opcodes.forget, () => undefined],
  [opcodes.batchForget, () => undefined],
  [opcodes.interrupt, () => undefined],
  [opcodes.destroy, () => 0],
]);

/** What an engine asks for before it knows what is there: then the decoy stays. */
const beforeLook: ReadonlySet<number> = new Set([opcodes.getattr, opcodes.getxattr]);

/**
 * Answers all that is asked of a decoy by now. Calls `takeAway` before it answers an engine. Who wants more
 * than the directory itself is told ESTALE: the kernel goes to the path once more, where the mirror is then.
 * False if the decoy is mounted nowhere any more.
 */
export function answerForDecoy(device: number, takeAway: () => void): boolean {
  for (;;) {
    const length = readRequest(device);
    if (length === -EAGAIN) return true;
    if (length === -ENODEV) return false;
    // It was withdrawn, or a signal came (fuse(4)).
    if (length === -ENOENT || length === -EINTR) continue;
    if (length < 0) throw new Error(`/dev/fuse: errno ${-length}`);
    const { opcode, unique, thread } = request;
    if (!beforeLook.has(opcode) && isEngine(thread)) takeAway();
    const answer = answers.has(opcode) ? answers.get(opcode)?.() : -ESTALE;
    if (answer !== undefined) send(device, unique, answer);
  }
}

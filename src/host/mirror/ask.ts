import { BerthError } from "#errors.ts";
import { spawnReading } from "#host/process/spawn-quick.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { mirrorSocket } from "#oci/machine-state.ts";
import type { MirrorRequest } from "./request.ts";

export interface AskMirror {
  /** The launcher, which starts the server, and again when it is killed. */
  readonly launcher: string;
  /**
   * A descriptor of the mount namespace that the engine has its mounts in, for the server to run in; this
   * process's own without.
   */
  readonly namespace?: number | undefined;
}

/** Retry when a server ends just as it is asked; more often than that is a fault. */
const mostTries = 10;

/** Sends a request to the host's mirror server, and starts one if none runs. Throws `mirror-failed`. */
export async function askMirror(request: MirrorRequest, place: AskMirror): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const reply = await askOnce(request);
    if (reply === undefined) await startServer(place);
    else if (reply.error === undefined) return;
    else throw failed(reply.error);
  }
  throw failed("its server exits right after its start");
}

/** The same, but only to a running server; false without one. */
export async function askRunningMirror(request: MirrorRequest): Promise<boolean> {
  const reply = await askOnce(request);
  if (reply?.error !== undefined) throw failed(reply.error);
  return reply !== undefined;
}

interface Answer {
  readonly error?: string;
}

/**
 * Undefined if no server runs, or it ended before it answered. Uses Bun's own sockets and processes: loading
 * node:net takes longer than the rest of a machine's start here.
 */
async function askOnce(request: MirrorRequest): Promise<Answer | undefined> {
  const { promise: reply, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new TextDecoder();
  let text = "";
  let rest = Buffer.from(`${JSON.stringify(request)}\n`);
  const send = (socket: Bun.Socket) => {
    rest = rest.subarray(socket.write(rest));
  };
  const timer = setTimeout(() => reject(failed("its server does not answer")), longestAnswerMs);
  try {
    const socket = await Bun.connect({
      unix: mirrorSocket,
      socket: {
        open: send,
        drain: send,
        data: (_, chunk) => {
          text += decoder.decode(chunk, { stream: true });
        },
        error: (_, error) => reject(error),
        close: () => resolve(text),
      },
    });
    await reply.finally(() => socket.terminate());
  } catch (error) {
    if (!hasErrno(error, isAbsent)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return text.endsWith("\n") ? (JSON.parse(text) as Answer) : undefined;
}

/** The limit for one answer: the server waits at most for the end of a file system, a few seconds. */
const longestAnswerMs = 20_000;

const isAbsent = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"];

/** Returns when the server, or another that was started meanwhile, can be asked. */
async function startServer({ launcher, namespace }: AskMirror): Promise<void> {
  const enter =
    namespace === undefined ? [] : ["nsenter", `--mount=/proc/${process.pid}/fd/${namespace}`, "--"];
  const command = [...enter, "setsid", launcher, "mirror"];
  const child = spawnServer(command);
  // It says that it is ready, or ends.
  const said = child.stdout.getReader();
  await said.read();
  await said.cancel();
  child.unref();
}

function spawnServer(command: readonly string[]) {
  try {
    return spawnReading(command);
  } catch (cause) {
    throw failed(`${command[0]}: ${(cause as Error).message}`);
  }
}

const failed = (why: string) =>
  new BerthError("mirror-failed", `cannot show the engine the machine's files: ${why}`, {
    hint: "make FUSE available (modprobe fuse), or use profile strict",
  });

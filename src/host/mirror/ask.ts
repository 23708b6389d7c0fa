import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { BerthError } from "../../errors.ts";
import { hasErrno } from "../errno.ts";
import { type MirrorRequest, mirrorSocket } from "./request.ts";

export interface AskMirror {
  /** The launcher, which starts the server and starts it anew when it is killed. */
  readonly launcher: string;
  /** A descriptor of the mount namespace that the engine has its mounts in, for the server to run in; this process's own without. */
  readonly namespace?: number | undefined;
}

/** More servers than that do not end in the very moment in which they are asked. */
const mostTries = 10;

/** Asks the host's server of mirrors, which is started when there is none. Throws `mirror-failed`. */
export async function askMirror(request: MirrorRequest, place: AskMirror): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const reply = await askOnce(request);
    if (reply === undefined) await startServer(place);
    else if (reply.error === undefined) return;
    else throw failed(reply.error);
  }
  throw failed("its server ends as soon as it is started");
}

/** The same of one that runs; false where none does. */
export async function askRunningMirror(request: MirrorRequest): Promise<boolean> {
  const reply = await askOnce(request);
  if (reply?.error !== undefined) throw failed(reply.error);
  return reply !== undefined;
}

interface Answer {
  readonly error?: string;
}

/** Undefined when no server is there, or it ended before it answered. */
function askOnce(request: MirrorRequest): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = createConnection({ path: mirrorSocket });
    socket.setEncoding("utf8");
    socket.setTimeout(longestAnswerMs, () => {
      socket.destroy();
      reject(failed("its server does not answer"));
    });
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", (error) => (hasErrno(error, isAbsent) ? resolve(undefined) : reject(error)));
    socket.on("close", () => resolve(text.endsWith("\n") ? (JSON.parse(text) as Answer) : undefined));
  });
}

/** Its server waits for nobody but the end of a file system, and for that a few seconds. */
const longestAnswerMs = 20_000;

const isAbsent = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"];

/** Returns when the server, or another that was started meanwhile, can be asked. */
async function startServer({ launcher, namespace }: AskMirror): Promise<void> {
  const enter = namespace === undefined ? [] : ["nsenter", `--mount=/proc/${process.pid}/fd/${namespace}`, "--"];
  const [command = "", ...args] = [...enter, "setsid", launcher, "mirror"];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], cwd: "/", detached: true });
  const ended = once(child, "close").then(() => undefined);
  const failedToStart = once(child, "error").then(([cause]) => Promise.reject(failed(`${command}: ${(cause as Error).message}`)));
  await Promise.race([once(child.stdout, "data"), ended, failedToStart]);
  child.stdout.destroy();
  child.unref();
}

const failed = (why: string) =>
  new BerthError("mirror-failed", `the engine cannot be shown the machine's files: ${why}`, {
    hint: "see that FUSE can be used (modprobe fuse), or name the profile strict",
  });

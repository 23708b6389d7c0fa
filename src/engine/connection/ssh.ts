import { Agent } from "node:http";
import { Duplex } from "node:stream";
import { renderEndpoint, type SshEndpoint } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import type { Spawn, SpawnedProcess } from "./spawn.ts";

const connectTimeoutSeconds = 30;

/**
 * The arguments for ssh(1). `docker system dial-stdio` connects its standard input and output to the engine
 * on that host, as the docker client does. `parseEndpoint` has checked that no shell or ssh interprets the
 * endpoint's parts.
 */
export function sshArguments(endpoint: SshEndpoint): readonly string[] {
  return [
    "-T",
    "-o",
    `ConnectTimeout=${connectTimeoutSeconds}`,
    ...(endpoint.user === undefined ? [] : ["-l", endpoint.user]),
    ...(endpoint.port === undefined ? [] : ["-p", String(endpoint.port)]),
    "--",
    endpoint.host,
    "docker",
    ...(endpoint.socket === undefined ? [] : ["--host", `unix://${endpoint.socket}`]),
    "system",
    "dial-stdio",
  ];
}

/**
 * An HTTP agent whose connections are ssh processes of the user's own `ssh`, so ~/.ssh/config, agents and
 * known_hosts count. Idle connections are kept for the next request, since each costs a whole handshake; they
 * keep no process alive.
 */
export function sshAgent(endpoint: SshEndpoint, spawn: Spawn): Agent {
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => dialSsh(endpoint, spawn);
  return agent;
}

const children = new Set<SpawnedProcess>();
let watchingExit = false;

/** ssh ends when its input closes, except while it still connects to its server: kill it then. */
function dieWithUs(child: SpawnedProcess): void {
  children.add(child);
  child.once("close", () => children.delete(child));
  if (watchingExit) return;
  watchingExit = true;
  process.once("exit", () => {
    for (const each of children) each.kill();
  });
}

/**
 * One connection. It ends or fails only after ssh has ended, so that the error contains ssh's own message.
 */
function dialSsh(endpoint: SshEndpoint, spawn: Spawn): Duplex {
  // A session of its own: Ctrl-C goes to berth alone, which still needs the connection to tidy up.
  const child = spawn("ssh", sshArguments(endpoint), { stdio: ["pipe", "pipe", "pipe"], detached: true });
  dieWithUs(child);
  const { stdin, stdout, stderr } = child;
  let words = "";
  stderr.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-4096);
  });
  const duplex = new Duplex({
    allowHalfOpen: false,
    read: () => stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      // A broken pipe is not reported here: ssh is ending, and its status says why.
      if (stdin.writable) stdin.write(chunk, () => done());
      else done();
    },
    final: (done) => {
      stdin.end();
      done();
    },
    destroy: (error, done) => {
      child.kill();
      stdin.destroy();
      stdout.destroy();
      done(error);
    },
  });
  stdin.on("error", () => stdin.destroy());
  let answered = false;
  stdout.on("data", (chunk: Buffer) => {
    answered = true;
    if (!duplex.push(chunk)) stdout.pause();
  });
  child.once("error", (cause: NodeJS.ErrnoException) => duplex.destroy(cannotStart(cause)));
  child.once("close", (status, signal) => {
    if (status === 0) duplex.push(null);
    else
      duplex.destroy(
        sshFailed(
          endpoint,
          status === null ? `ended by ${signal}` : `ended with status ${status}`,
          words,
          answered,
        ),
      );
  });
  return Object.assign(duplex, socketManners(child));
}

function cannotStart(cause: NodeJS.ErrnoException): BerthError {
  return cause.code === "ENOENT"
    ? new BerthError("tool-missing", "ssh is not installed", {
        cause,
        hint: "Install the OpenSSH client.",
        details: { command: "ssh" },
      })
    : new BerthError("tool-failed", `cannot start ssh: ${cause.message}`, { cause });
}

/** `how` ssh ended; `answered`: the engine had been reached before. */
function sshFailed(endpoint: SshEndpoint, how: string, words: string, answered: boolean): BerthError {
  const said = words.trim();
  const login = sshArguments(endpoint).slice(1, -2).join(" ");
  return new BerthError(
    answered ? "engine-lost" : "engine-unreachable",
    `${renderEndpoint(endpoint)}: ssh ${how}${said ? `: ${said}` : ""}`,
    {
      hint: `Check that \`ssh ${login} version\` works without a prompt.`,
      details: { endpoint: renderEndpoint(endpoint), source: endpoint.source, stderr: said },
    },
  );
}

/** What an HTTP agent does to a socket it keeps; `unref` lets the process end while a connection is idle. */
function socketManners(child: SpawnedProcess): Record<string, () => void> {
  const pipes = [child.stdin, child.stdout, child.stderr] as readonly unknown[] as readonly {
    ref?: () => void;
    unref?: () => void;
  }[];
  const nothing = (): void => undefined;
  return {
    setKeepAlive: nothing,
    setNoDelay: nothing,
    setTimeout: nothing,
    ref: () => {
      child.ref();
      for (const pipe of pipes) pipe.ref?.();
    },
    unref: () => {
      child.unref();
      for (const pipe of pipes) pipe.unref?.();
    },
  };
}

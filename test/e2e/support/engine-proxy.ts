import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A line of a list of calls that a proxy lets through: a method and a path, where a star is a name. */
export interface AllowedCall {
  readonly line: string;
  readonly method: string;
  readonly path: RegExp;
}

export interface EngineProxy {
  /** `METHOD path` of every call that was turned away. */
  readonly refused: readonly string[];
  /** The lines that let a call through. */
  readonly used: ReadonlySet<string>;
  close(): Promise<void>;
}

/** What a star stands for: one name or id, never a further level. */
const name = "[A-Za-z0-9][A-Za-z0-9_.:-]*";

/** Reads a list of calls; a star is a name, and what the list is silent of is not allowed. */
export function parseAllowedCalls(text: string): readonly AllowedCall[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [, method = "", path = ""] = /^([A-Z]+) +(\/\S*)$/.exec(line) ?? [];
    if (method === "") throw new Error(`not a call: ${line}`);
    const pattern = path.split("*").map((part) => part.replace(/[.\\^$+?()[\]{}|]/g, "\\$&"));
    return { line, method, path: new RegExp(`^${pattern.join(name)}$`) };
  });
}

function refuse(client: Socket, status: string, message: string): void {
  client.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${JSON.stringify({ message })}\n`,
  );
}

/**
 * Stands between a socket of its own and an engine's, and lets the calls of a list through, by method and
 * path. One call a connection: so what follows a call that was looked at belongs to it, be it a body, or
 * bytes for a program that took it over. `hold` is told `METHOD path` of each such call, and the engine hears
 * of the call when it is done; where it fails, never.
 */
export async function serveEngineProxy(
  path: string,
  engineSocket: string,
  allowed: readonly AllowedCall[],
  hold: (call: string) => Promise<void> = async () => {},
): Promise<EngineProxy> {
  const refused: string[] = [];
  const used = new Set<string>();
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    return socket;
  };
  const pass = async (client: Socket, head: string, rest: Buffer) => {
    const [method = "", target = ""] = head.split(" ", 2);
    const call = decodeURIComponent(target.split("?", 1)[0] ?? "").replace(/^\/v\d+\.\d+(?=\/)/, "");
    const found = allowed.find((one) => one.method === method && one.path.test(call));
    if (found === undefined) {
      refused.push(`${method} ${call}`);
      refuse(client, "403 Forbidden", "not allowed");
      return;
    }
    used.add(found.line);
    try {
      await hold(`${method} ${call}`);
    } catch (error) {
      refuse(client, "502 Bad Gateway", String(error));
      return;
    }
    const engine = keep(connect({ path: engineSocket, allowHalfOpen: true }));
    const isTakeover = /^upgrade:/im.test(head);
    engine.write(
      `${isTakeover ? head : `${head.replace(/^connection:.*\r\n/gim, "")}Connection: close\r\n`}\r\n`,
    );
    engine.write(rest);
    client.pipe(engine);
    engine.pipe(client);
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      one.once("error", () => other.destroy());
      one.once("close", () => other.destroySoon());
    }
    client.resume();
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    let seen = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end < 0) return;
      client.off("data", read);
      client.pause();
      void pass(client, seen.subarray(0, end + 2).toString("latin1"), seen.subarray(end + 4));
    };
    client.on("data", read);
    client.once("error", () => client.destroy());
  });
  const listening = once(server, "listening");
  server.listen(path);
  await listening;
  return {
    refused,
    used,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

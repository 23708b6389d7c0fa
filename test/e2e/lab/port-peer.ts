/*
 * A server that tells who asks, and clients that say what they are told.
 *   listen tcp/80 udp/53 …        answers "PORT ADDRESS": its own port and the asker's address; TCP then echoes
 *   ask tcp/10.0.0.1/80 …         prints a JSON array with each answer, "refused" or "silence"
 *   talk udp/10.0.0.1/53          one datagram from one socket for each line of its standard input, and the answer
 *   pump tcp/10.0.0.1/80 BYTES    sends them, ends its side, and prints a digest of what it got and what it sent
 */
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

/** How long nothing must come until it counts as silence. */
const silenceMs = 1500;
const [role, ...rest] = process.argv.slice(2);
const plain = (address: string | undefined) => address?.replace("::ffff:", "");

if (role === "listen") {
  for (const place of rest) await listen(place);
  console.log("ready");
} else if (role === "ask") {
  console.log(JSON.stringify(await Promise.all(rest.map(ask))));
} else if (role === "talk") {
  await talk(rest[0] ?? "");
} else {
  await pump(rest[0] ?? "", Number(rest[1]));
}

async function listen(place: string): Promise<void> {
  const [protocol, text] = place.split("/");
  const port = Number(text);
  if (protocol === "udp") {
    const socket = createSocket({ type: "udp6" });
    socket.on("message", (_, from) => socket.send(`${port} ${plain(from.address)}`, from.port, from.address));
    socket.bind(port, "::");
    await once(socket, "listening");
    return;
  }
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.write(`${port} ${plain(socket.remoteAddress)}\n`);
    socket.pipe(socket);
  });
  server.listen({ port, host: "::" });
  await once(server, "listening");
}

function ask(place: string): Promise<string> {
  const [protocol, host = "", text] = place.split("/");
  const port = Number(text);
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle("silence"), silenceMs);
    const { client, end } = protocol === "udp" ? askByUdp() : askByTcp();
    client.once("error", () => settle("refused"));
    function settle(answer: string) {
      clearTimeout(timer);
      resolve(answer.trim());
      end();
    }
    function askByTcp() {
      const socket = connect({ host, port });
      socket.once("data", (data) => settle(data.toString()));
      return { client: socket, end: () => void socket.destroy() };
    }
    function askByUdp() {
      const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
      socket.once("message", (data) => settle(data.toString()));
      socket.send("who am I?", port, host);
      return { client: socket, end: () => void socket.close() };
    }
  });
}

async function talk(place: string): Promise<void> {
  const [, host = "", port] = place.split("/");
  const socket = createSocket({ type: "udp4" });
  socket.bind(0);
  await once(socket, "listening");
  console.log("ready");
  for await (const _ of createInterface({ input: process.stdin })) {
    const timer = new AbortController();
    const answer = once(socket, "message", { signal: timer.signal }).then(
      ([data]) => String(data),
      () => "silence",
    );
    socket.send("who am I?", Number(port), host);
    setTimeout(() => timer.abort(), silenceMs);
    console.log(await answer);
  }
  process.exit(0);
}

async function pump(place: string, size: number): Promise<void> {
  const [, host = "", port] = place.split("/");
  const stream = connect({ host, port: Number(port), allowHalfOpen: true });
  const [greeting] = (await once(stream, "data")) as [Buffer];
  const bytes = Buffer.alloc(size, "0123456789abcdefghijklmnopqrstuvw");
  const got = createHash("sha256");
  stream.on("data", (data: Buffer) => void got.update(data));
  const ended = once(stream, "end");
  stream.end(bytes);
  await ended;
  const sent = createHash("sha256").update(bytes);
  console.log(
    JSON.stringify({ greeting: greeting.toString().trim(), same: got.digest("hex") === sent.digest("hex") }),
  );
  process.exit(0);
}

import { expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

setDefaultTimeout(60_000);

/**
 * Relays one port of loopback to another, in a process that may have few descriptors; says what it is told to
 * log, and whether it can start programs.
 */
const relaying = `
  const { reservePorts } = await import(${JSON.stringify(import.meta.resolve("./reservation.ts"))});
  const say = (text) => require("node:fs").writeSync(1, text + "\\n");
  const [port, hostPort] = process.argv.slice(-2).map(Number);
  const publish = [{ protocol: "tcp", address: "127.0.0.1", hostPort, port, count: 1 }];
  await reservePorts(publish, { targets: { ipv4: "127.0.0.1" }, bridges: [] }, (text) => say("told: " + text));
  say("ready");
  for await (const _ of require("node:readline").createInterface({ input: process.stdin })) {
    try { say(await Bun.spawn(["echo", "started"], { stdout: "pipe" }).stdout.text()) } catch (error) { say(error.code) }
  }`;

test("a flood of connections leaves a relay its descriptors, is told of once, and makes room when it ends", async () => {
  const machine = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  }).listen(0, "127.0.0.1");
  const free = createServer().listen(0, "127.0.0.1");
  await Promise.all([once(machine, "listening"), once(free, "listening")]);
  const [port, hostPort] = [machine, free].map((server) => (server.address() as AddressInfo).port) as [
    number,
    number,
  ];
  await new Promise((resolve) => free.close(resolve));
  const script = 'ulimit -n 300; exec "$@"';
  const child = spawn(
    "sh",
    ["-c", script, "sh", process.execPath, "-e", relaying, String(port), String(hostPort)],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const sockets: Socket[] = [];
  /** What a connection comes to: an echo, or its end. */
  const ask = () =>
    new Promise<string>((resolve) => {
      const socket = connect(hostPort, "127.0.0.1", () => socket.write("echo"));
      sockets.push(socket);
      socket.once("data", (data) => resolve(data.toString()));
      socket.on("error", () => resolve("closed"));
      socket.once("close", () => resolve("closed"));
    });
  try {
    expect((await lines.next()).value).toBe("ready");
    const answers = await Promise.all(Array.from({ length: 200 }, ask));
    // (300 - 1 - 128) / 4, and half of them at one port.
    expect(answers.filter((answer) => answer === "echo")).toHaveLength(21);
    expect(answers.filter((answer) => answer === "closed")).toHaveLength(179);
    expect((await lines.next()).value).toContain(
      `told: tcp 127.0.0.1:${hostPort} has 21 relayed connections`,
    );
    child.stdin.write("\n");
    expect((await lines.next()).value).toBe("started");
    for (const socket of sockets) socket.destroy();
    for (const end = performance.now() + 5_000; (await ask()) === "closed"; await Bun.sleep(20))
      expect(performance.now()).toBeLessThan(end);
  } finally {
    for (const socket of sockets) socket.destroy();
    child.kill("SIGKILL");
    await once(child, "exit");
    await new Promise((resolve) => machine.close(resolve));
  }
});

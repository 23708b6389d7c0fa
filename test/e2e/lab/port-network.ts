import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RunResult } from "#host/process/run.ts";
import { type HeldNamespace, holdNamespace, layWire, plugIn, runInNetwork } from "#lab/wire.ts";
import type { PortWish } from "./port-driver.ts";

/** A program in a namespace that is spoken with by lines; the kernel ends it with the test. */
export interface Spoken {
  readonly pid: number;
  /** The next line that it says; undefined when it has ended. */
  line(): Promise<string | undefined>;
  say(line: string): void;
  /** Sends SIGKILL and waits. */
  kill(): Promise<void>;
}

/** A host with Docker's kind of bridges and firewall, machines behind them, and a client outside. */
export interface PortNetwork {
  readonly host: HeldNamespace;
  readonly client: HeldNamespace;
  /** 172.18.0.3 and fd18::3, behind docker_gwbridge. */
  readonly machine: HeldNamespace;
  /** 172.18.0.4 and fd18::4, next to it. */
  readonly neighbour: HeldNamespace;
  /** 172.17.0.5, behind docker0. */
  readonly elsewhere: HeldNamespace;
  inHost(command: string, ...args: readonly string[]): Promise<RunResult>;
  /** The answers to one asker in a namespace, in order. */
  ask(from: HeldNamespace, ...places: readonly string[]): Promise<readonly string[]>;
  peer(where: HeldNamespace, ...args: readonly string[]): Promise<Spoken>;
  /** Opens ports in the host by a process of its own; its first answer with it. */
  open(wish: PortWish): Promise<Opened>;
  sweep(): Promise<unknown>;
  /** Ends what a test has left open. */
  tidy(): Promise<void>;
  destroy(): Promise<void>;
}

export interface Opened {
  readonly answer: Answer;
  readonly process: Spoken;
  /** Closes them in order, and waits. */
  close(): Promise<void>;
}

export interface Answer {
  readonly warnings?: readonly string[];
  readonly closed?: true;
  readonly lost?: { readonly code: string };
  readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown };
}

const scripts = {
  driver: fileURLToPath(new URL("./port-driver.ts", import.meta.url)),
  peer: fileURLToPath(new URL("./port-peer.ts", import.meta.url)),
} as const;

export async function createPortNetwork(iptables: "nft" | "legacy"): Promise<PortNetwork> {
  const wire = await layWire();
  const held = await Promise.all(Array.from({ length: 5 }, holdNamespace));
  const [host, client, machine, neighbour, elsewhere] = held as [
    HeldNamespace,
    HeldNamespace,
    HeldNamespace,
    HeldNamespace,
    HeldNamespace,
  ];
  const spoken: Spoken[] = [];
  const drivers: Spoken[] = [];
  const inHost = (command: string, ...args: readonly string[]) => runInNetwork(host.pid, command, args);

  // Until duplicates of a link-local address have been looked for, which takes a second, nobody behind it is
  // found by IPv6.
  const atOnce = ["all", "default"].map((which) => `net.ipv6.conf.${which}.accept_dad=0`);
  await Promise.all(held.map(({ pid }) => runInNetwork(pid, "sysctl", ["-qw", ...atOnce])));
  await plugIn(wire, host.pid, 2);
  await plugIn(wire, client.pid, 9);
  await addAddress(host, "fd90::2/64", "eth0");
  await addAddress(client, "fd90::9/64", "eth0");
  await addBridge("docker_gwbridge", ["172.18.0.1/16", "fd18::1/64"]);
  await addBridge("docker0", ["172.17.0.1/16"]);
  await attach(machine, "docker_gwbridge", ["172.18.0.3/16", "fd18::3/64"], ["172.18.0.1", "fd18::1"]);
  await attach(neighbour, "docker_gwbridge", ["172.18.0.4/16", "fd18::4/64"], ["172.18.0.1", "fd18::1"]);
  await attach(elsewhere, "docker0", ["172.17.0.5/16"], ["172.17.0.1"]);
  await inHost("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  for (const program of ["iptables", "ip6tables"]) await raiseFirewall(`${program}-${iptables}`);

  async function addAddress(where: HeldNamespace, address: string, device: string) {
    await runInNetwork(where.pid, "ip", ["address", "add", address, "dev", device]);
  }

  async function addBridge(name: string, addresses: readonly string[]) {
    await inHost("ip", "link", "add", name, "type", "bridge");
    for (const address of addresses) await addAddress(host, address, name);
    await inHost("ip", "link", "set", name, "up");
  }

  async function attach(
    where: HeldNamespace,
    bridge: string,
    addresses: readonly string[],
    gateways: readonly string[],
  ) {
    const port = `port${where.pid}`;
    await inHost(
      "ip",
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      String(where.pid),
    );
    await inHost("ip", "link", "set", port, "master", bridge, "up");
    for (const address of addresses) await addAddress(where, address, "eth0");
    await runInNetwork(where.pid, "ip", ["link", "set", "eth0", "up"]);
    for (const gateway of gateways)
      await runInNetwork(where.pid, "ip", ["route", "add", "default", "via", gateway]);
  }

  /** What Docker 20.10 has for two bridges, one of which lets no neighbours talk. */
  async function raiseFirewall(program: string) {
    const bridges = ["docker_gwbridge", "docker0"] as const;
    const chains = ["DOCKER-USER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"];
    const rule = (...args: readonly string[]) => inHost(program, "-w", "-A", ...args);
    await inHost(program, "-w", "-P", "FORWARD", "DROP");
    for (const chain of chains) await inHost(program, "-w", "-N", chain);
    await rule("FORWARD", "-j", "DOCKER-USER");
    await rule("FORWARD", "-j", "DOCKER-ISOLATION-STAGE-1");
    for (const bridge of bridges) {
      await rule(
        "FORWARD",
        "-o",
        bridge,
        "-m",
        "conntrack",
        "--ctstate",
        "RELATED,ESTABLISHED",
        "-j",
        "ACCEPT",
      );
      await rule("FORWARD", "-i", bridge, "!", "-o", bridge, "-j", "ACCEPT");
      await rule(
        "DOCKER-ISOLATION-STAGE-1",
        "-i",
        bridge,
        "!",
        "-o",
        bridge,
        "-j",
        "DOCKER-ISOLATION-STAGE-2",
      );
      await rule("DOCKER-ISOLATION-STAGE-2", "-o", bridge, "-j", "DROP");
    }
    await rule("FORWARD", "-i", "docker_gwbridge", "-o", "docker_gwbridge", "-j", "DROP");
    await rule("DOCKER-USER", "-j", "RETURN");
    if (program.startsWith("ip6")) return;
    await rule(
      "POSTROUTING",
      "-t",
      "nat",
      "-s",
      "172.18.0.0/16",
      "!",
      "-o",
      "docker_gwbridge",
      "-j",
      "MASQUERADE",
    );
    await rule("POSTROUTING", "-t", "nat", "-s", "172.17.0.0/16", "!", "-o", "docker0", "-j", "MASQUERADE");
  }

  const start = (where: HeldNamespace, file: keyof typeof scripts, args: readonly string[]) => {
    const network = `--net=/proc/${where.pid}/ns/net`;
    const child = speak(
      spawn("setpriv", [
        "--pdeathsig",
        "KILL",
        "--",
        "nsenter",
        network,
        "--",
        process.execPath,
        scripts[file],
        ...args,
      ]),
    );
    spoken.push(child);
    return child;
  };
  const peer = async (where: HeldNamespace, ...args: readonly string[]) => {
    const child = start(where, "peer", args);
    if ((await child.line()) !== "ready") throw new Error(`port-peer.ts ${args.join(" ")} did not start`);
    return child;
  };
  const ask = async (from: HeldNamespace, ...places: readonly string[]) =>
    JSON.parse(
      (await runInNetwork(from.pid, process.execPath, [scripts.peer, "ask", ...places])).stdout,
    ) as readonly string[];

  const open = async (wish: PortWish): Promise<Opened> => {
    const driver = start(host, "driver", [JSON.stringify(wish)]);
    drivers.push(driver);
    const close = async () => {
      driver.say("close");
      const answer = await driver.line();
      if (answer !== '{"closed":true}') throw new Error(`the ports were not closed: ${answer}`);
    };
    return { answer: JSON.parse((await driver.line()) ?? "{}") as Answer, process: driver, close };
  };
  const sweep = async () => JSON.parse((await start(host, "driver", ["sweep"]).line()) ?? "{}") as unknown;
  const tidy = async () => {
    if (drivers.length === 0) return;
    await Promise.all(drivers.splice(0).map((driver) => driver.kill()));
    await sweep();
  };
  const destroy = async () => {
    await Promise.all(spoken.map((child) => child.kill()));
    await Promise.all([wire, ...held].map((namespace) => namespace.release()));
  };
  return { host, client, machine, neighbour, elsewhere, inHost, ask, peer, open, sweep, tidy, destroy };
}

function speak(child: ChildProcessWithoutNullStreams): Spoken {
  child.stderr.pipe(process.stderr);
  // A line to one that has ended; its silence tells.
  child.stdin.on("error", () => {});
  const exited = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    line: async () => (await lines.next()).value as string | undefined,
    say: (line) => void child.stdin.write(`${line}\n`),
    kill: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await exited;
    },
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { BerthError } from "#errors.ts";
import { type RunResult, run } from "#host/process/run.ts";
import { waitFor } from "./wait-for.ts";

/** A network namespace that lives as long as a process of this test's. */
export interface HeldNamespace {
  readonly pid: number;
  release(): Promise<void>;
}

/** The lab's network; a /24. */
const prefix = "10.90.0";

/**
 * Makes a network namespace with `lo` up. The kernel ends its holder when this process ends, however it does.
 */
export async function holdNamespace(): Promise<HeldNamespace> {
  const holder = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "--",
      "unshare",
      "--net",
      "--",
      "sh",
      "-c",
      "ip link set lo up && echo ready && exec sleep infinity",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(holder, "exit");
  const first = await Promise.race([once(holder.stdout, "data").then(() => true), exited.then(() => false)]);
  const { pid } = holder;
  if (!first || pid === undefined)
    throw new BerthError("host-unfit", "a network namespace cannot be made", { hint: "Run as root." });
  // The pipe must not keep the test alive.
  holder.stdout.destroy();
  holder.unref();
  return {
    pid,
    release: async () => {
      if (holder.exitCode === null && holder.signalCode === null) holder.kill("SIGKILL");
      await exited;
    },
  };
}

/** Runs a program in the network namespace of a process. */
export function runInNetwork(pid: number, command: string, args: readonly string[]): Promise<RunResult> {
  return run("nsenter", [`--net=/proc/${pid}/ns/net`, "--", command, ...args]);
}

/** A namespace with the bridge that is the lab's wire. */
export async function layWire(): Promise<HeldNamespace> {
  const wire = await holdNamespace();
  await runInNetwork(wire.pid, "ip", ["link", "add", "wire", "type", "bridge"]);
  await runInNetwork(wire.pid, "ip", ["link", "set", "wire", "up"]);
  return wire;
}

/**
 * Plugs a process's network namespace into the wire as `eth0`, with the address 10.90.0.HOST/24. The host's
 * own namespace is not passed.
 */
export async function plugIn(wire: HeldNamespace, pid: number, host: number): Promise<string> {
  const address = `${prefix}.${host}`;
  const port = `port${host}`;
  await runInNetwork(wire.pid, "ip", [
    "link",
    "add",
    port,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    String(pid),
  ]);
  await runInNetwork(wire.pid, "ip", ["link", "set", port, "master", "wire", "up"]);
  await runInNetwork(pid, "ip", ["address", "add", `${address}/24`, "dev", "eth0"]);
  await runInNetwork(pid, "ip", ["link", "set", "eth0", "up"]);
  return address;
}

/** Waits until the host plugged in as HOST has left the wire, because its namespace is gone. */
export async function unplugged(wire: HeldNamespace, host: number): Promise<void> {
  await waitFor(
    `host ${host} is out of the wire`,
    async () => !(await runInNetwork(wire.pid, "ip", ["-oneline", "link"])).stdout.includes(` port${host}@`),
  );
}

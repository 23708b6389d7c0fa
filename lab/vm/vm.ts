import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import type { RunResult } from "#host/process/run.ts";
import { waitFor } from "../wait-for.ts";
import { type Monitor, openMonitor } from "./monitor.ts";
import { type MachineWish, qemuArguments } from "./qemu.ts";

/** A running VM. It ends with this process, however that ends. */
export interface Vm {
  readonly monitor: Monitor;
  /** Runs a shell script as root in it; any status is a result. Lines are told as they come. */
  run(
    script: string,
    options?: { readonly input?: string; readonly onLine?: (line: string) => void },
  ): Promise<RunResult>;
  /** Resolves when it answers; throws with the end of its console where it does not. */
  answers(): Promise<void>;
  /** Cuts its power, and returns when QEMU is gone. */
  end(): Promise<void>;
}

/** Milliseconds that a boot takes at most, emulated, on a host with other work. */
export const longestBoot = 1_800_000;

export async function startVm(wish: MachineWish): Promise<Vm> {
  const words = ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...qemuArguments(wish)];
  const child = spawn("setpriv", words, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-8192);
    });
  const exited = once(child, "exit");
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const end = async () => {
    if (!hasEnded()) child.kill("SIGKILL");
    await exited;
  };
  const fail = (what: string) =>
    new BerthError("host-unfit", `${what}; its console: ${printable(said).slice(-2000)}`);
  try {
    const monitor = await waitFor("QEMU's monitor answers", async () => {
      if (hasEnded()) throw fail("QEMU has ended");
      return openMonitor(wish.monitor).catch(() => undefined);
    });
    const port = await sshPort(monitor);
    const ssh = (script: string, options: Parameters<Vm["run"]>[1] = {}) =>
      runOverSsh(port, wish.boot.key, script, options);
    const answers = async () => {
      for (const limit = performance.now() + longestBoot; ; await sleep(500)) {
        if (hasEnded()) throw fail("the VM has ended");
        if ((await ssh("true")).status === 0) return;
        if (performance.now() > limit) throw fail(`the VM does not answer within ${longestBoot / 1000} s`);
      }
    };
    return {
      monitor,
      run: ssh,
      answers,
      end: () => {
        monitor.close();
        return end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** The port of this host that QEMU passes on to the VM's sshd. */
async function sshPort(monitor: Monitor): Promise<string> {
  const table = String(await monitor.execute("human-monitor-command", { "command-line": "info usernet" }));
  const [, port] = /TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s/.exec(table) ?? [];
  if (port === undefined) throw new Error(`QEMU tells no port: ${table}`);
  return port;
}

async function runOverSsh(
  port: string,
  key: string,
  script: string,
  { input, onLine }: NonNullable<Parameters<Vm["run"]>[1]>,
): Promise<RunResult> {
  const options = [
    ...["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"],
    // The cheapest that both sides have, for a processor that is emulated.
    ...["ConnectTimeout=60", "Compression=no", "ServerAliveInterval=30", "ServerAliveCountMax=20"],
  ].flatMap((option) => ["-o", option]);
  const child = spawn("ssh", ["-F", "none", "-p", port, "-i", key, ...options, "root@127.0.0.1", script], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [stdout, stderr, rest] = ["", "", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine?.(line);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // It may end before it has read anything.
  child.stdin.on("error", () => undefined).end(input ?? "");
  const [status] = (await once(child, "close")) as [number | null];
  return { status: status ?? 255, stdout, stderr };
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a console's
  return text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|[^\n\x20-\x7e]/g, "");
}

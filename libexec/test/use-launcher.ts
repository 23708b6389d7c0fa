import { afterAll, beforeAll, beforeEach } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Inits, inits } from "#contract/init.ts";
import { readLauncher } from "#libexec/read-launcher.ts";
import { hostDirectory, hostFile, stateFile, stateMark, stateRoot } from "#oci/machine-state.ts";

export const asRoot = process.getuid?.() === 0;

/** Writes down how it was called, byte for byte; $DO is what it does besides. */
const recorder = `#!/bin/sh
for word; do printf '%s\\0' "$word"; done >"$REC/real.argv"
tr '\\0' '\\n' </proc/$$/environ | sort >"$REC/real.environ"
for fd in /proc/$$/fd/*; do case $fd in */10) ;; *) echo "\${fd##*/} $(readlink "$fd")" ;; esac; done >"$REC/real.fds"
grep '^Sig\\|^Shd' /proc/$$/status | grep -v SigQ >"$REC/real.signals"
cat /proc/$$/limits >"$REC/real.limits"
eval "$DO"
exit "\${REAL_STATUS:-0}"
`;

/** The berth beside the launcher: it writes down its words. */
export const patcher = `#!/bin/sh
printf '%s\\0' "$@" >"$REC/berth.argv"
readlink /proc/$$/fd/0 >"$REC/berth.stdin"
exit "\${BERTH_STATUS:-0}"
`;

interface Call {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly shell?: readonly string[];
  /** Runs before the launcher, in the shell that the launcher replaces. */
  readonly before?: string;
  readonly direct?: boolean;
  readonly cwd?: string;
}

/** The launcher, rendered, between a berth and a real runtime that write down how they were called. */
export interface Launcher {
  /** Where the three lie. */
  readonly directory: string;
  /** Where a test's calls are written down. */
  readonly record: string;
  /** The /run that the launcher has, as this process reaches it. */
  readonly run: string;
  /** The process whose mount namespace that is in. */
  readonly holder: number | undefined;
  call(call: Call): {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
    readonly berth: string[] | undefined;
    readonly real: string[] | undefined;
  };
  recorded(name: string): string[] | undefined;
  /** A bundle whose command this is, and what its config.json has `more`. */
  bundleOf(args: readonly string[], name?: string, more?: object): string;
  /** A state as every machine has one. */
  stateOf(root: string, id: string, signal?: string): string;
}

/** For all tests of a file. */
export function useLauncher(table: Inits = inits): Launcher {
  let directory = "";
  let record = "";
  let holder: ChildProcess | undefined;
  let run = "";

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "berth launcher "));
    for (const [name, text] of [
      ["berth", patcher],
      ["real", recorder],
      ["berth-runtime", await readLauncher(table)],
    ] as const) {
      writeFileSync(join(directory, name), text);
      chmodSync(join(directory, name), 0o755);
    }
    // The launcher's state lies in /run: here it gets one of its own.
    const script = "mount -t tmpfs tmpfs /run && echo ready && exec sleep 600";
    const namespaces = [...(asRoot ? [] : ["--user", "--map-root-user"]), "--mount"];
    holder = spawn("unshare", [...namespaces, "--propagation", "private", "sh", "-c", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (holder.stdout) await once(holder.stdout, "data");
    run = `/proc/${holder.pid}/root/run`;
  });
  afterAll(() => {
    holder?.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => {
    record = mkdtempSync(join(directory, "record "));
  });

  const recorded = (name: string) => {
    const file = join(record, name);
    return existsSync(file) ? readFileSync(file, "utf8").split("\0").slice(0, -1) : undefined;
  };
  const call = ({
    words,
    env = {},
    shell = ["dash"],
    before = ":",
    direct = false,
    cwd = directory,
  }: Call) => {
    const command = direct ? [join(directory, "real")] : [...shell, join(directory, "berth-runtime")];
    const enter = [
      "--target",
      String(holder?.pid),
      "--mount",
      ...(asRoot ? [] : ["--user", "--preserve-credentials"]),
      `--wd=${cwd}`,
    ];
    const result = spawnSync(
      "nsenter",
      [...enter, "--", "bash", "-c", `${before}; exec "$@"`, "bash", ...command, ...words],
      {
        env: {
          PATH: process.env.PATH ?? "",
          REC: record,
          DO: ":",
          BERTH_REAL_RUNTIME: join(directory, "real"),
          ...env,
        },
        encoding: "utf8",
      },
    );
    return {
      status: result.status,
      stdout: result.stdout,
      stderr: result.stderr,
      berth: recorded("berth.argv"),
      real: recorded("real.argv"),
    };
  };
  const bundleOf = (args: readonly string[], name = "bundle", more: object = {}) => {
    const bundle = join(record, name);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ process: { args }, root: { path: "rootfs" }, ...more }),
    );
    return bundle;
  };
  const stateOf = (root: string, id: string, signal = "37\n") => {
    const state = join(run, stateRoot.replace("/run/", ""), root, id);
    mkdirSync(join(state, hostDirectory), { recursive: true });
    writeFileSync(join(state, stateMark), signal);
    writeFileSync(join(state, stateFile.machineId), "x");
    for (const name of Object.values(hostFile)) writeFileSync(join(state, hostDirectory, name), "x");
    return state;
  };
  return {
    get directory() {
      return directory;
    },
    get record() {
      return record;
    },
    get run() {
      return run;
    },
    get holder() {
      return holder?.pid;
    },
    call,
    recorded,
    bundleOf,
    stateOf,
  };
}

/** When a process has begun, as proc_pid_stat(5) has it. */
export function startOf(process: ChildProcess | undefined): string | undefined {
  return readFileSync(`/proc/${process?.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
}

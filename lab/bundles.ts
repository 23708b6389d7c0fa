import { afterAll, beforeAll, beforeEach, setDefaultTimeout } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run as runCommand } from "#host/process/run.ts";
import { readLauncher } from "#libexec/read-launcher.ts";
import type { OciConfig } from "#oci/config.ts";
import { parseConfig } from "#oci/json.ts";
import type { RuntimeCreate } from "#ops/runtime/machine-start.ts";

// Two programs of a hundred megabytes begin for some.
const longestTest = 30_000;

export const asRoot = process.getuid?.() === 0;
const captured = readFileSync(join(import.meta.dir, "../src/oci/testdata/docker-v2.config"), "utf8");
export const id = "0123456789abcdef".repeat(4);
export const machineId = id.slice(0, 32);

export let directory = "";
export let bundle = "";
let holder: ChildProcess | undefined;
/** The /run that the tests' calls have to themselves, as this process reaches it. */
let run = "";

/** Gives the tests of a file the launcher, a /run of their own and a new bundle for each. */
export function useBundles(): void {
  setDefaultTimeout(longestTest);
  beforeAll(async () => {
    const namespace = [
      ...(asRoot ? [] : ["--user", "--map-root-user"]),
      "--mount",
      "--propagation",
      "private",
    ];
    holder = spawn(
      "unshare",
      [...namespace, "sh", "-c", "mount -t tmpfs tmpfs /run && echo ready && exec sleep 600"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    if (holder.stdout) await once(holder.stdout, "data");
    run = `/proc/${holder.pid}/root/run`;
    directory = mkdtempSync(join(tmpdir(), "berth-create-"));
    // The launcher with berth beside it, from source.
    writeFileSync(join(directory, "berth-runtime"), await readLauncher());
    writeFileSync(
      join(directory, "berth"),
      `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dir, "../src/bin/berth.ts")}' "$@"\n`,
    );
    for (const name of ["berth-runtime", "berth"]) chmodSync(join(directory, name), 0o755);
  });
  afterAll(() => {
    holder?.kill("SIGKILL");
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => {
    bundle = mkdtempSync(join(directory, "bundle-"));
  });
}

interface Outcome {
  readonly warnings?: readonly string[];
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  /** What the machine's files were mounted as for the engine, while there was a machine and after its end. */
  readonly mounted?: readonly string[];
}

/**
 * Calls runtimeCreate in a process of its own, with the holder's /run; `before` is shell that runs there
 * first, in a further namespace. What that has mounted ends with it, so the stage and the mirror do too.
 */
export async function create(call: Partial<RuntimeCreate> = {}, before = ":"): Promise<Outcome> {
  const request: RuntimeCreate = {
    id,
    bundle,
    state: `/run/berth/runtime/r/${call.id ?? id}`,
    home: "/run/berth",
    real: "runc",
    root: "/run/r",
    launcher: join(directory, "berth-runtime"),
    ...call,
  };
  const source = `const { runtimeCreate } = await import(${JSON.stringify(import.meta.resolve("#ops/runtime/create.ts"))});
    const { endMirror } = await import(${JSON.stringify(import.meta.resolve("#ops/runtime/mirror.ts"))});
    const { isStageOpen } = await import(${JSON.stringify(import.meta.resolve("#host/namespace/stage/stage.ts"))});
    const { detachMount } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/syscalls.ts"))});
    const { lastMountAt } = await import(${JSON.stringify(import.meta.resolve("#linux/mountinfo.ts"))});
    const { existsSync, readFileSync } = await import("node:fs");
    const { state } = ${JSON.stringify(request)};
    let outcome;
    try { outcome = { warnings: await runtimeCreate(${JSON.stringify(request)}) }; }
    catch ({ code, message, hint }) { outcome = { code, message, hint }; }
    if (existsSync(state + "/mirror")) {
      const place = JSON.parse(readFileSync(state + "/mirror", "utf8")).place;
      const mounted = () => lastMountAt(readFileSync("/proc/self/mountinfo", "utf8"), place)?.type;
      outcome.mounted = [mounted()];
      if (isStageOpen(state + "/stage")) detachMount(state + "/stage");
      await endMirror(state);
      outcome.mounted.push(mounted());
    }
    console.log(JSON.stringify(outcome));`;
  const enter = [
    "--target",
    String(holder?.pid),
    "--mount",
    ...(asRoot ? [] : ["--user", "--preserve-credentials"]),
    `--wd=${directory}`,
  ];
  const script = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    `${before} && exec "$@"`,
    "sh",
  ];
  const { stdout } = await runCommand("nsenter", [...enter, "--", ...script, process.execPath, "-e", source]);
  return JSON.parse(stdout);
}

export interface Machine {
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
}

/** Writes a bundle whose root has a systemd, 252 by default; returns config.json's text. */
export function writeBundle({
  args = ["/sbin/init"],
  env = [],
  files = systemd,
  links = {},
  terminal = true,
}: Machine = {}): string {
  const root = join(bundle, "rootfs");
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const [path, to] of Object.entries(links)) symlinkSync(to, join(root, path));
  const config = parseConfig(captured) as OciConfig;
  const text = JSON.stringify({
    ...config,
    root: { path: "rootfs" },
    process: { ...config.process, args, env: ["BERTH_PROFILE=strict", ...env], terminal },
  });
  writeFileSync(join(bundle, "config.json"), text);
  return text;
}
export const systemd = {
  "sbin/init": "\x7fELF",
  "lib/systemd/systemd": "\x7fELF",
  "usr/lib/systemd/libsystemd-shared-252.so": "",
  "etc/os-release": "ID=debian",
  "etc/machine-id": "fedcba9876543210fedcba9876543210\n",
  "etc/inittab": "",
};
/** sysvinit boots on every host alike. */
export const sysvinit = { "sbin/init": "\x7fELF", "etc/inittab": "" };
export const systemdArgs = ["/lib/systemd/systemd"];

export const patched = () => parseConfig(readFileSync(join(bundle, "config.json"), "utf8")) as OciConfig;
export const sourceOf = (destination: string) =>
  patched().mounts?.find((mount) => mount.destination === destination)?.source ?? "";
export const inRun = (path: string) => join(run, path.replace(/^\/run/, ""));
export const stateFiles = () =>
  readdirSync(inRun(`/run/berth/runtime/r/${id}`), { recursive: true }).toSorted();

/**
 * What an engine mounts as the root: an overlay of the bundle's rootfs, in the directory that the config then
 * names.
 */
export function overlayRoot(lower = `${bundle}/rootfs`): string {
  const config = patched();
  const point = join(bundle, "merged");
  for (const name of ["merged", "upper", "work"]) mkdirSync(join(bundle, name));
  const env = (config.process.env ?? []).filter((entry) => !entry.startsWith("BERTH_PROFILE="));
  writeFileSync(
    join(bundle, "config.json"),
    JSON.stringify({ ...config, root: { path: point }, process: { ...config.process, env } }),
  );
  // The captured container's own files are not here.
  const sources = (config.mounts ?? []).flatMap(({ type, source }) =>
    type === "bind" && source?.startsWith("/") ? [source] : [],
  );
  const files = sources.map((source) => `mkdir -p $(dirname ${source}) && : >${source}`).join(" && ");
  return `mount -t tmpfs tmpfs /var/lib && ${files} && mount -t overlay -o lowerdir=${lower},upperdir=${bundle}/upper,workdir=${bundle}/work overlay ${point}`;
}

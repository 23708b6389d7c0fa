import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMonotonicClock } from "#host/process/monotonic-clock.ts";
import { run as runCommand } from "#host/process/run.ts";
import { readLauncher } from "#libexec/read-launcher.ts";
import { environmentOf, type OciConfig } from "#oci/config.ts";
import { parseConfig } from "#oci/json.ts";
import type { RuntimeCreate } from "./machine-start.ts";

// Two programs of a hundred megabytes begin for some.
setDefaultTimeout(30_000);

const asRoot = process.getuid?.() === 0;
const captured = readFileSync(join(import.meta.dir, "../../oci/testdata/docker-v2.config"), "utf8");
const id = "0123456789abcdef".repeat(4);
const machineId = id.slice(0, 32);

let directory = "";
let bundle = "";
let holder: ChildProcess | undefined;
/** The /run that the tests' calls have to themselves, as this process reaches it. */
let run = "";

beforeAll(async () => {
  const namespace = [...(asRoot ? [] : ["--user", "--map-root-user"]), "--mount", "--propagation", "private"];
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
    `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dir, "../../bin/berth.ts")}' "$@"\n`,
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
async function create(call: Partial<RuntimeCreate> = {}, before = ":"): Promise<Outcome> {
  const request: RuntimeCreate = {
    id,
    bundle,
    state: `/run/berth/runtime/r/${call.id ?? id}`,
    root: "/run/r",
    launcher: join(directory, "berth-runtime"),
    ...call,
  };
  const source = `const { runtimeCreate } = await import(${JSON.stringify(import.meta.resolve("./create.ts"))});
    const { endMirror } = await import(${JSON.stringify(import.meta.resolve("./mirror.ts"))});
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

interface Machine {
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
}

/** Writes a bundle whose root has a systemd 252, or whatever else is told; returns config.json's text. */
function writeBundle({
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
const systemd = {
  "sbin/init": "\x7fELF",
  "lib/systemd/systemd": "\x7fELF",
  "usr/lib/systemd/libsystemd-shared-252.so": "",
  "etc/os-release": "ID=debian",
  "etc/machine-id": "fedcba9876543210fedcba9876543210\n",
  "etc/inittab": "",
};
/** sysvinit boots on every host alike. */
const sysvinit = { "sbin/init": "\x7fELF", "etc/inittab": "" };
const systemdArgs = ["/lib/systemd/systemd"];

const patched = () => parseConfig(readFileSync(join(bundle, "config.json"), "utf8")) as OciConfig;
const sourceOf = (destination: string) =>
  patched().mounts?.find((mount) => mount.destination === destination)?.source ?? "";
const inRun = (path: string) => join(run, path.replace(/^\/run/, ""));
const stateFiles = () => readdirSync(inRun(`/run/berth/runtime/r/${id}`), { recursive: true }).toSorted();

describe("a machine", () => {
  test("systemd: config.json is rewritten and its state is written", async () => {
    writeBundle({ args: systemdArgs });
    expect((await create()).warnings?.filter((text) => !text.includes("nsdelegate"))).toEqual([]);
    expect(environmentOf(patched(), "container_uuid")?.replaceAll("-", "")).toBe(machineId);
    const state = `/run/berth/runtime/r/${id}`;
    expect(sourceOf("/etc/machine-id")).toBe(`${state}/machine-id`);
    expect(sourceOf("/run/host")).toBe(`${state}/host`);
    expect(readFileSync(inRun(`${state}/machine-id`), "utf8")).toBe(`${machineId}\n`);
    expect(lstatSync(inRun(`${state}/machine-id`)).mode & 0o777).toBe(0o444);
    expect(readFileSync(inRun(`${state}/stop-signal`), "utf8")).toMatch(/^37\n\d+\n$/);
    expect(readFileSync(inRun(`${state}/host/container-manager`), "utf8")).toBe("docker\n");
    expect(readFileSync(inRun(`${state}/host/container-uuid`), "utf8").trim()).toBe(
      environmentOf(patched(), "container_uuid") ?? "",
    );
    expect(readFileSync(inRun(`${state}/host/os-release`), "utf8")).toBe(
      readFileSync("/etc/os-release", "utf8"),
    );
    const units = inRun(sourceOf("/run/systemd/system.attached"));
    expect(readlinkSync(join(units, "systemd-udevd.service"))).toBe("/dev/null");
    expect(lstatSync(units).mode & 0o777).toBe(0o755);
    expect(
      readlinkSync(join(inRun(sourceOf("/run/systemd/system-generators")), "systemd-gpt-auto-generator")),
    ).toBe("/dev/null");
  });

  test("another init: no masks and no machine-id where the image has none; its own stop signal", async () => {
    writeBundle({ files: sysvinit });
    expect(await create()).toEqual({ warnings: [] });
    expect(sourceOf("/etc/machine-id") + sourceOf("/run/systemd/system.attached")).toBe("");
    expect(readFileSync(inRun(`/run/berth/runtime/r/${id}/stop-signal`), "utf8")).toMatch(/^2\n\d+\n$/);
  });

  test("made again with the same id", async () => {
    for (const _ of [1, 2]) {
      writeBundle({ args: systemdArgs });
      expect((await create()).code).toBeUndefined();
    }
    expect(stateFiles()).toEqual([
      "host",
      "host/container-manager",
      "host/container-uuid",
      "host/os-release",
      "machine-id",
      "stop-signal",
    ]);
  });

  test("a bundle that is started once more, under another name, is as its maker wrote it", async () => {
    const text = writeBundle({ args: systemdArgs });
    await create();
    expect((await create({ id: "other" })).code).toBeUndefined();
    expect(sourceOf("/run/host")).toBe("/run/berth/runtime/r/other/host");
    expect(patched().mounts?.filter(({ destination }) => destination === "/run/host")).toHaveLength(1);
    // Also where it is no machine this time.
    const kept = readFileSync(join(bundle, "config.json.berth"), "utf8");
    expect(kept.slice(kept.indexOf("\n") + 1)).toBe(text);
    rmSync(join(bundle, "rootfs"), { recursive: true });
    mkdirSync(join(bundle, "rootfs/sbin"), { recursive: true });
    writeFileSync(join(bundle, "rootfs/sbin/init"), "#!/bin/sh");
    await create({ id: "third" });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
  });

  test("what was changed in a bundle since its start stays", async () => {
    writeBundle({ files: sysvinit });
    await create();
    const changed = { ...patched(), hostname: "changed" };
    writeFileSync(join(bundle, "config.json"), JSON.stringify(changed));
    expect((await create()).code).toBeUndefined();
    expect(patched().hostname).toBe("changed");
  });

  test("that may end without a delete has a hook for that, after those that it has", async () => {
    const text = writeBundle({ files: sysvinit });
    await create();
    expect(patched().hooks?.poststop).toBeUndefined();
    const poststop = [{ path: "/bin/true" }];
    writeFileSync(join(bundle, "config.json"), JSON.stringify({ ...JSON.parse(text), hooks: { poststop } }));
    await create({ alone: true });
    const launcher = join(directory, "berth-runtime");
    expect(patched().hooks?.poststop).toEqual([
      ...poststop,
      { path: launcher, args: [launcher, "clear", `/run/berth/runtime/r/${id}`] },
    ]);
  });

  test.each([
    [
      "the user's own uuid",
      id,
      ["container_uuid=AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE"],
      "aaaaaaaabbbbccccddddeeeeeeeeeeee",
    ],
    ["a uuid that is none", id, ["container_uuid=mine"], machineId],
    ["an id that is a name", "web", [], "4b5e57f6eb2f42b9039b3d1e13929295"],
  ])("machine-id from %s", async (_, name, env, expected) => {
    writeBundle({ files: sysvinit, env });
    expect((await create({ id: name })).code).toBeUndefined();
    expect(environmentOf(patched(), "container_uuid")?.replaceAll("-", "")).toBe(expected);
  });

  describe("whose image was removed by force", () => {
    const image = `sha256:${"f".repeat(64)}`;
    /** As Docker has it: the root in a storage driver's directory, and the container's own files. */
    const writeGone = (machine: Machine) => {
      const config = JSON.parse(writeBundle({ files: sysvinit, ...machine })) as OciConfig;
      const data = join(bundle, "data");
      mkdirSync(join(data, "overlay2/x"), { recursive: true });
      renameSync(join(bundle, "rootfs"), join(data, "overlay2/x/merged"));
      writeFileSync(
        join(bundle, "config.json"),
        JSON.stringify({ ...config, root: { path: join(data, "overlay2/x/merged") } }),
      );
      mkdirSync(join(data, "containers", id), { recursive: true });
      writeFileSync(
        join(data, "containers", id, "config.v2.json"),
        JSON.stringify({ Image: image, Driver: "overlay2" }),
      );
      writeFileSync(join(data, "containers", id, "hostconfig.json"), "{}");
      return readFileSync(join(bundle, "config.json"), "utf8");
    };

    test.each([[[]], [["BERTH_RUNTIME=disabled"]], [["BERTH_IMAGE=sha256:0"]]])(
      "does not start on anybody's word: %p",
      async (env) => {
        const text = writeGone({ env });
        expect(await create()).toMatchObject({
          code: "not-found",
          message: expect.stringContaining("BERTH_PROFILE=strict"),
        });
        expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
        expect(existsSync(inRun(`/run/berth/runtime/r/${id}`))).toBe(false);
      },
    );

    test("starts with the image's id beside its request", async () => {
      writeGone({ env: [`BERTH_IMAGE=${image}`] });
      expect(await create()).toEqual({ warnings: [] });
    });

    test("is let alone where it runs no init", async () => {
      const text = writeGone({ args: ["/bin/sleep"] });
      expect(await create()).toEqual({ warnings: [] });
      expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(text);
    });
  });

  test("every warning is returned", async () => {
    writeBundle({ files: sysvinit, terminal: false });
    expect((await create()).warnings).toEqual([expect.stringContaining("docker run -t")]);
  });
});

/**
 * What an engine mounts as the root: an overlay of the bundle's rootfs, in the directory that the config then
 * names.
 */
function overlayRoot(lower = `${bundle}/rootfs`): string {
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

describe.skipIf(!asRoot)("a machine whose root is an overlay (needs root)", () => {
  const state = `/run/berth/runtime/r/${id}`;

  test("has a user namespace, its root and binds in the stage, and its ids in its state", async () => {
    writeBundle();
    const outcome = await create({}, overlayRoot());
    expect(outcome.code).toBeUndefined();
    expect(outcome.mounted).toEqual(["fuse.berth", "overlay"]);
    const { linux, root, mounts, hooks } = patched();
    const [mapping] = linux?.uidMappings ?? [];
    expect(mapping).toEqual({ containerID: 0, hostID: expect.any(Number), size: 65_536 });
    expect(mapping?.hostID).toBeWithin(0x7000_0000, 0x7ffe_0000);
    expect(root.path).toBe(`${state}/stage/root`);
    expect(linux?.namespaces).toEqual(
      expect.arrayContaining([{ type: "user", path: `${state}/stage/userns` }, { type: "cgroup" }]),
    );
    expect(mounts?.filter(({ destination }) => destination === "/etc/hostname")).toEqual([]);
    expect(sourceOf("/etc/hosts")).toStartWith(`${state}/stage/`);
    expect(hooks?.createRuntime?.at(-1)?.args?.slice(0, 4)).toEqual([
      join(directory, "berth-runtime"),
      "settle",
      `${state}/stage`,
      String(mapping?.hostID),
    ]);
    expect(patched().process.capabilities?.bounding).toContain("CAP_SYS_ADMIN");
    expect(stateFiles()).toEqual(
      expect.arrayContaining(["capabilities", "ids", "root", "stage", "stage/root"]),
    );
    expect(readFileSync(inRun(`${state}/root`), "utf8")).toBe(`${join(bundle, "merged")}\n`);
    const links = readdirSync(inRun("/run/berth/ids")).filter((name) => name !== "lock");
    expect(links.map((name) => readlinkSync(join(inRun("/run/berth/ids"), name)))).toEqual([state]);
    // The engine's name for it is the machine's own file from now on.
    expect(readFileSync(join(bundle, "upper/etc/hostname"), "utf8")).toBe(`${patched().hostname}\n`);
  });

  test("a start that fails later leaves the config as it was; the next has the same ids", async () => {
    const before = writeBundle();
    const mounting = overlayRoot();
    const unpatched = readFileSync(join(bundle, "config.json"), "utf8");
    expect(unpatched).not.toBe(before);
    expect((await create({}, `${mounting} && rm ${sourceOf("/etc/hosts")}`)).code).toBe("ENOENT");
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(unpatched);
    const ids = readFileSync(inRun(`${state}/ids`), "utf8");
    expect((await create({}, mounting)).code).toBeUndefined();
    expect(readFileSync(inRun(`${state}/ids`), "utf8")).toBe(ids);
  });

  test("started again as a strict one, it has nothing of the rights that it had", async () => {
    writeBundle();
    expect((await create({}, overlayRoot())).code).toBeUndefined();
    expect(existsSync(inRun(`${state}/capabilities`))).toBe(true);
    writeBundle();
    expect((await create()).code).toBeUndefined();
    expect(
      stateFiles().filter((name) => ["capabilities", "ids", "root", "pid", "stage"].includes(String(name))),
    ).toEqual([]);
    expect(patched().process.capabilities?.bounding).not.toContain("CAP_SYS_ADMIN");
  });

  test("whose file system maps no ids is strict with a warning, and strict again", async () => {
    writeBundle();
    // ramfs has no FS_ALLOW_IDMAP.
    const lower = join(bundle, "unmappable");
    mkdirSync(lower);
    const mounting = `mount -t ramfs ramfs ${lower} && cp -a ${bundle}/rootfs/. ${lower} && ${overlayRoot(lower)}`;
    const unpatched = readFileSync(join(bundle, "config.json"));
    for (const _ of [1, 2]) {
      writeFileSync(join(bundle, "config.json"), unpatched);
      const { warnings } = await create({}, mounting);
      expect(warnings?.filter((text) => text.includes("the machine is strict"))).toEqual([
        expect.stringContaining("mapped ids"),
      ]);
      expect(patched().linux?.uidMappings).toBeUndefined();
      expect(existsSync(join(bundle, "berth-work"))).toBe(false);
    }
    mkdirSync(join(bundle, "berth-work/work"), { recursive: true });
    writeFileSync(join(bundle, "config.json"), unpatched);
    expect(await create({}, mounting)).toMatchObject({
      code: "host-unfit",
      message: expect.stringContaining("has been full"),
    });
  });

  test("is not started where its namespace cannot be made, which a machine can bring about", async () => {
    writeBundle();
    const programs = join(bundle, "programs");
    mkdirSync(programs);
    writeFileSync(
      join(programs, "unshare"),
      "#!/bin/sh\necho 'unshare failed: No space left on device' >&2; exit 1\n",
      { mode: 0o755 },
    );
    const mounting = overlayRoot();
    const unpatched = readFileSync(join(bundle, "config.json"), "utf8");
    const { code, message } = await create({}, `${mounting} && PATH=${programs}:$PATH`);
    expect({ code, message }).toEqual({
      code: "host-unfit",
      message: expect.stringContaining("No space left on device"),
    });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(unpatched);
  });

  test("is not started where no such ids are free", async () => {
    writeBundle({ env: ["BERTH_IDS=131072"] });
    const mounting = overlayRoot();
    // Every other slot is another's.
    const take = `mkdir -p /run/others /run/berth/ids && cd /run/others && mkdir $(seq 1 2 4093) && echo '0 4094' | tee $(seq -f '%.0f/ids' 1 2 4093) >/dev/null && cd /run/berth/ids && ln -s /run/others/* .`;
    const outcome = await create({}, `${mounting} && mount -t tmpfs tmpfs /run/berth && ${take}`);
    expect(outcome).toMatchObject({
      code: "host-unfit",
      message: expect.stringContaining("131072 ids in a row are free"),
    });
  });

  test.each([
    ["without an overlay", (config: OciConfig) => ({ ...config, root: { path: "rootfs" } }), "overlay2"],
    [
      "with the host's network",
      (config: OciConfig) => ({
        ...config,
        linux: {
          ...config.linux,
          namespaces: (config.linux?.namespaces ?? []).filter(({ type }) => type !== "network"),
        },
      }),
      "network",
    ],
  ])("%s it is strict with a warning, and refused by name", async (_, change, reason) => {
    writeBundle();
    const mounting = overlayRoot();
    const config = change(patched());
    writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
    const { warnings } = await create({}, mounting);
    expect(warnings?.filter((text) => text.includes("the machine is strict"))).toEqual([
      expect.stringContaining(reason),
    ]);
    expect(patched().linux?.uidMappings).toBeUndefined();
    const env = [...(config.process.env ?? []), "BERTH_PROFILE=full"];
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, process: { ...config.process, env } }),
    );
    expect(await create({}, mounting)).toMatchObject({
      code: "host-unfit",
      message: expect.stringContaining(reason),
    });
  });
});

describe.skipIf(!asRoot)("a machine in another container's network (needs root)", () => {
  const state = `/run/berth/runtime/r/${id}`;
  let owner: ChildProcess | undefined;
  beforeAll(async () => {
    owner = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec sleep 600"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (owner.stdout) await once(owner.stdout, "data");
  });
  afterAll(() => {
    owner?.kill("SIGKILL");
  });
  /** The config of a machine that joins the network of a process; returns what mounts its root. */
  const joining = (
    pid: number | undefined,
    change: (config: OciConfig) => OciConfig = (config) => config,
  ): string => {
    const mounting = overlayRoot();
    const config = patched();
    const others = (config.linux?.namespaces ?? []).filter(({ type }) => type !== "network");
    const namespaces = [...others, { type: "network", path: `/proc/${pid}/ns/net` }];
    const joined = change({ ...config, linux: { ...config.linux, namespaces } });
    writeFileSync(join(bundle, "config.json"), JSON.stringify(joined));
    return mounting;
  };

  test("is full, with that network's sysfs from the stage, and its runtime is told where to go", async () => {
    writeBundle();
    const { warnings, code } = await create({}, joining(owner?.pid));
    expect(code).toBeUndefined();
    expect(warnings?.filter((text) => text.includes("another container's"))).toEqual([
      expect.stringContaining("cannot change it"),
    ]);
    const { linux, mounts } = patched();
    expect(linux?.uidMappings).toHaveLength(1);
    expect(linux?.namespaces?.filter(({ type }) => type === "network")).toEqual([]);
    expect(mounts?.filter(({ destination }) => destination === "/sys")).toEqual([
      { destination: "/sys", type: "bind", source: `${state}/stage/sys`, options: ["bind", "rprivate"] },
    ]);
    expect(linux?.readonlyPaths).toEqual(["/sys"]);
    expect(readFileSync(inRun(`${state}/network`), "utf8")).toBe(`${state}/stage/net\n`);
    expect(Object.keys(linux?.sysctl ?? {})).toEqual([]);
  });

  test.each([
    ["the host's", process.pid],
    ["one that is not there", 999_999_999],
  ])("of %s it is strict", async (_, pid) => {
    writeBundle();
    const { warnings } = await create({}, joining(pid));
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining("namespaces: network")]));
    expect(patched().linux?.uidMappings).toBeUndefined();
    expect(existsSync(inRun(`${state}/network`))).toBe(false);
  });

  test("a setting of the network that was asked for is told to be lost", async () => {
    writeBundle();
    const sysctl = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "9000" };
    const { warnings } = await create(
      {},
      joining(owner?.pid, (config) => ({ ...config, linux: { ...config.linux, sysctl } })),
    );
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining("net.ipv4.ip_forward")]));
    expect(patched().linux?.sysctl).toEqual({ "kernel.msgmax": "9000" });
  });
});

describe("a machine whose directories are the host's own", () => {
  /** Moves directories of the root out of it, and binds them. */
  const bindFolder = (...env: readonly string[]) => {
    writeBundle({ args: systemdArgs, env });
    const folder = join(bundle, "folder");
    mkdirSync(folder);
    for (const name of ["etc", "lib", "usr"]) renameSync(join(bundle, "rootfs", name), join(folder, name));
    const config = patched();
    const binds = ["etc", "lib", "usr"].map((name) => ({
      destination: `/${name}`,
      type: "bind",
      source: join(folder, name),
      options: ["rbind", "rprivate"],
    }));
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, mounts: [...binds, ...(config.mounts ?? [])] }),
    );
    return folder;
  };
  const uuid = () => environmentOf(patched(), "container_uuid")?.replaceAll("-", "");

  test("is found to be one, and nothing is mounted over files that it does not have", async () => {
    const folder = bindFolder();
    const { code, warnings } = await create();
    expect(code).toBeUndefined();
    expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining("resolv.conf")]));
    expect(sourceOf("/run/systemd/system.attached")).not.toBe("");
    for (const name of ["hosts", "hostname", "resolv.conf"]) expect(sourceOf(`/etc/${name}`)).toBe("");
    expect(readdirSync(join(folder, "etc")).toSorted()).toEqual(["inittab", "machine-id", "os-release"]);
    expect([uuid(), sourceOf("/etc/machine-id")]).toEqual([
      machineId,
      `/run/berth/runtime/r/${id}/machine-id`,
    ]);
  });

  test.each([
    ["kept when it is one", "fedcba9876543210fedcba9876543210\n", "fedcba9876543210fedcba9876543210"],
    ["its own when there is none", "", machineId],
    ["its own when systemd is to make one", "uninitialized\n", machineId],
    ["its own when that is nobody's", `${"0".repeat(32)}\n`, machineId],
    ["its own when that is none", "x\n", machineId],
  ])("the machine-id of its files is %s", async (_, found, expected) => {
    const folder = bindFolder("BERTH_MACHINE_ID=keep");
    writeFileSync(join(folder, "etc/machine-id"), found);
    expect((await create()).code).toBeUndefined();
    expect(uuid()).toBe(expected);
    expect(readFileSync(join(folder, "etc/machine-id"), "utf8")).toBe(found);
  });

  test("a host name that was asked for is the container's, and mounted over another one", async () => {
    const folder = bindFolder("BERTH_HOSTNAME=mail.example.com");
    writeFileSync(join(folder, "etc/hostname"), "vm\n");
    expect((await create()).code).toBeUndefined();
    expect(patched().hostname).toBe("mail.example.com");
    expect(sourceOf("/etc/hostname")).toBe(`/run/berth/runtime/r/${id}/hostname`);
    expect(readFileSync(inRun(sourceOf("/etc/hostname")), "utf8")).toBe("mail.example.com\n");
    expect(patched().process.env?.filter((entry) => entry.startsWith("BERTH_"))).toEqual([]);
  });

  test("where the name is the host's it stays", async () => {
    const folder = bindFolder("BERTH_HOSTNAME=mail");
    writeFileSync(join(folder, "etc/hostname"), "vm\n");
    const config = patched();
    const namespaces = config.linux?.namespaces?.filter(({ type }) => type !== "uts") ?? [];
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, linux: { ...config.linux, namespaces } }),
    );
    expect((await create()).code).toBeUndefined();
    expect(patched().hostname).toBe(config.hostname as string);
    expect(existsSync(inRun(`/run/berth/runtime/r/${id}/hostname`))).toBe(false);
    expect(sourceOf("/etc/hostname")).not.toContain("/run/berth");
  });

  test.each(["BERTH_HOSTNAME=a b", "BERTH_MACHINE_ID=mine"])("%s is refused", async (variable) => {
    bindFolder(variable);
    const before = readFileSync(join(bundle, "config.json"), "utf8");
    expect((await create()).code).toBe("usage");
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
  });
});

describe("no machine: nothing is changed and nothing is written", () => {
  test.each<[string, Machine]>([
    ["a shell", { args: ["/bin/sh"], files: { "bin/sh": "" } }],
    ["s6-overlay", { args: ["/init"], files: { init: "#!/bin/sh", "etc/inittab": "" } }],
    ["a script that is named as an init", { files: { "sbin/init": "#!/bin/sh", "etc/inittab": "" } }],
    ["a missing /init", { args: ["/init"], files: {} }],
    ["a missing program", { args: ["/usr/bin/server"], files: {} }],
    ["oci-systemd-hook=disabled", { env: ["oci-systemd-hook=disabled"] }],
    ["oci-systemd-hook=DISABLED", { env: ["oci-systemd-hook=DISABLED"] }],
    ["BERTH_RUNTIME=Disabled", { env: ["BERTH_RUNTIME=on", "BERTH_RUNTIME=Disabled"] }],
    ["disabled, though its init is missing", { env: ["BERTH_RUNTIME=disabled"], files: {} }],
  ])("%s", async (_, machine) => {
    const before = writeBundle(machine);
    expect(await create({ id: "nothing" })).toEqual({ warnings: [] });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
    expect(existsSync(inRun("/run/berth/runtime/r/nothing"))).toBe(false);
  });

  test("but what an earlier start has left of it is gone", async () => {
    const state = inRun("/run/berth/runtime/r/left");
    mkdirSync(join(state, "host"), { recursive: true });
    for (const name of ["stop-signal", "capabilities", "ids", "network", "pid", "root"])
      writeFileSync(join(state, name), "1\n");
    writeBundle({ args: ["/bin/sh"], files: { "bin/sh": "" } });
    expect(await create({ id: "left" })).toEqual({ warnings: [] });
    expect(existsSync(state)).toBe(false);
  });

  test.each([
    [["oci-systemd-hook="]],
    [["oci-systemd-hook=enabled"]],
    [["BERTH_RUNTIME=disabled", "BERTH_RUNTIME="]],
  ])("not disabled by %p", async (env) => {
    const before = writeBundle({ files: sysvinit, env });
    await create();
    expect(readFileSync(join(bundle, "config.json"), "utf8")).not.toBe(before);
  });
});

describe("a machine that cannot boot: config.json stays as it was", () => {
  test.each(["/sbin/init", "/lib/systemd/systemd", "/usr/sbin/init"])(
    "%s is not in the image",
    async (program) => {
      const before = writeBundle({ args: [program], files: {} });
      const { code, message, hint } = await create();
      expect(code).toBe("no-init");
      expect(message).toContain(program);
      expect(hint).toContain("systemd-sysv");
      expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
    },
  );

  test("the program is a link out of the image", async () => {
    writeBundle({
      files: { "etc/passwd": "" },
      args: ["/init/init"],
      links: { init: "/proc/self/root/sbin" },
    });
    expect((await create()).code).toBe("no-init");
  });

  test("the host has no cgroups", async () => {
    const before = writeBundle({ args: systemdArgs });
    expect(await create({ id: "unfit" }, "mount -t tmpfs tmpfs /sys")).toMatchObject({ code: "host-unfit" });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(before);
    expect(existsSync(inRun("/run/berth/runtime/r/unfit"))).toBe(false);
  });
});

describe("states that others left", () => {
  const states = () => inRun("/run/berth/runtime/swept");
  function leave(name: string, minutes: number): string {
    const state = join(states(), name);
    mkdirSync(join(state, "host"), { recursive: true });
    writeFileSync(join(state, "stop-signal"), `37\n${readMonotonicClock() - minutes * 60_000}\n`);
    for (const file of ["machine-id", "host/container-manager", "host/container-uuid", "host/os-release"]) {
      writeFileSync(join(state, file), "");
    }
    return state;
  }

  test("are removed when old and their container is no more, and nothing else is", async () => {
    const gone = leave("gone", 5);
    const young = leave("young", 0);
    const alive = leave("alive", 5);
    mkdirSync(inRun("/run/swept/alive"), { recursive: true });
    const mixed = leave("mixed", 5);
    writeFileSync(join(mixed, "precious"), "");
    writeFileSync(join(mixed, "host/precious"), "");
    const foreign = join(states(), "foreign");
    mkdirSync(join(foreign, "host"), { recursive: true });
    writeFileSync(join(foreign, "machine-id"), "");
    const before = new Date(Date.now() - 3_600_000);
    utimesSync(foreign, before, before);
    const target = leave("../target", 0);
    symlinkSync(target, join(states(), "link"));
    writeFileSync(join(states(), "file"), "");

    writeBundle({ files: sysvinit });
    expect(
      (await create({ state: "/run/berth/runtime/swept/new", root: "/run/swept" })).code,
    ).toBeUndefined();

    expect(existsSync(gone)).toBe(false);
    for (const kept of [young, alive, target]) expect(existsSync(join(kept, "host/os-release"))).toBe(true);
    expect(readdirSync(mixed, { recursive: true }).toSorted()).toEqual(["host", "host/precious", "precious"]);
    expect(readdirSync(foreign).toSorted()).toEqual(["host", "machine-id"]);
    expect(existsSync(join(states(), "file"))).toBe(true);
    expect(existsSync(join(states(), "new/stop-signal"))).toBe(true);
  });
});

test("many starts at once remove the same old states", async () => {
  const states = inRun("/run/berth/runtime/raced");
  const text = writeBundle({ files: sysvinit });
  for (let index = 0; index < 300; index++) {
    const state = join(states, `old-${index}`);
    mkdirSync(join(state, "host"), { recursive: true });
    writeFileSync(join(state, "stop-signal"), "37\n");
    utimesSync(join(state, "stop-signal"), 0, 0);
  }
  const calls = Array.from({ length: 4 }, (_, index) => {
    const own = mkdtempSync(join(directory, "raced-"));
    writeFileSync(join(own, "config.json"), text.replace('"rootfs"', JSON.stringify(join(bundle, "rootfs"))));
    return create({ bundle: own, state: `/run/berth/runtime/raced/new-${index}`, root: "/run/raced" });
  });
  for (const outcome of await Promise.all(calls)) expect(outcome).toEqual({ warnings: [] });
  expect(readdirSync(states).toSorted()).toEqual(["new-0", "new-1", "new-2", "new-3"]);
});

describe("what is in memory", () => {
  const limited = (bytes: number) => {
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as OciConfig;
    const resources = { ...config.linux?.resources, memory: { limit: bytes } };
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, linux: { ...config.linux, resources } }),
    );
  };
  const optionsOf = (destination: string) =>
    patched().mounts?.find((mount) => mount.destination === destination)?.options ?? [];

  test("is a share of the machine's memory limit, for logind too", async () => {
    writeBundle({ args: systemdArgs });
    limited(2 ** 27);
    await create();
    expect(optionsOf("/tmp")).toContain(`size=${Math.floor(2 ** 27 / 5 / 4096) * 4096}`);
    expect(optionsOf("/tmp")).toContain("tmpcopyup");
    const login = inRun(sourceOf("/run/systemd/logind.conf.d"));
    expect(readdirSync(login)).toEqual(["00-berth.conf"]);
    expect(readFileSync(join(login, "00-berth.conf"), "utf8")).toMatch(
      /^\[Login\]\nRuntimeDirectorySize=6709248\nRuntimeDirectoryInodesMax=819\n$/,
    );
    expect([lstatSync(login).mode & 0o777, lstatSync(join(login, "00-berth.conf")).mode & 0o777]).toEqual([
      0o755, 0o644,
    ]);
  });

  test("without a limit logind is left alone", async () => {
    writeBundle({ args: systemdArgs });
    await create();
    expect(sourceOf("/run/systemd/logind.conf.d")).toBe("");
  });

  test("what the image has there and cannot be copied is left out, and said", async () => {
    writeBundle({
      args: systemdArgs,
      files: { ...systemd, "tmp/big": "x".repeat(2 ** 20), "run/app/file": "" },
    });
    await runCommand("mkfifo", [join(bundle, "rootfs/run/app/fifo")]);
    limited(2 ** 22);
    expect((await create()).warnings?.filter((text) => text.includes("left out"))).toEqual([
      "what the image has in /run is left out: /run/app/fifo is no file, directory or link, and cannot be copied",
      "what the image has in /tmp is left out: it takes 1M, and /tmp holds 1M",
    ]);
    expect([...optionsOf("/run"), ...optionsOf("/tmp")]).not.toContain("tmpcopyup");
  });

  test("where the user mounts something nothing of the image's is in question", async () => {
    writeBundle({ files: { ...sysvinit, "run/file": "" } });
    await runCommand("mkfifo", [join(bundle, "rootfs/run/fifo")]);
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as OciConfig;
    const mine = { destination: "/run", type: "bind", source: "/srv", options: ["rbind"] };
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ ...config, mounts: [...(config.mounts ?? []), mine] }),
    );
    expect(await create()).toEqual({ warnings: [] });
  });
});

test("many starts at once make one whole set of masks", async () => {
  rmSync(inRun("/run/berth/masks"), { recursive: true, force: true });
  writeBundle({ args: systemdArgs });
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  const calls = Array.from({ length: 6 }, (_, index) => {
    const own = mkdtempSync(join(directory, "many-"));
    writeFileSync(join(own, "config.json"), text.replace('"rootfs"', JSON.stringify(join(bundle, "rootfs"))));
    return create({ id: `many-${index}`, bundle: own });
  });
  for (const outcome of await Promise.all(calls)) expect(outcome.code).toBeUndefined();
  const masks = readdirSync(inRun("/run/berth/masks"));
  expect(masks).toHaveLength(2);
  for (const name of masks) expect(name).toMatch(/^[0-9a-f]{16}$/);
});

test("masks that a crash left half made are in nobody's way", async () => {
  const masks = inRun("/run/berth/masks");
  for (const name of readdirSync(masks)) {
    mkdirSync(join(masks, `${name}.1`));
    symlinkSync("/dev/null", join(masks, `${name}.1`, "systemd-udevd.service"));
    rmSync(join(masks, name), { recursive: true });
  }
  writeBundle({ args: systemdArgs });
  expect((await create()).code).toBeUndefined();
  expect(readdirSync(inRun(sourceOf("/run/systemd/system.attached"))).length).toBeGreaterThan(20);
});

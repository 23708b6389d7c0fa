import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  asRoot,
  bundle,
  create,
  directory,
  id,
  inRun,
  overlayRoot,
  patched,
  sourceOf,
  stateFiles,
  useBundles,
  writeBundle,
} from "#lab/bundles.ts";
import type { OciConfig } from "#oci/config.ts";
import { parseConfig } from "#oci/json.ts";

useBundles();

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
    for (const own of ["/etc/hosts", "/run/host", "/etc/machine-id"])
      expect([own, sourceOf(own).slice(0, `${state}/stage/`.length)]).toEqual([own, `${state}/stage/`]);
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
      expect(warnings?.filter((text) => text.startsWith(`using profile "strict"`))).toEqual([
        expect.stringContaining("mapped ids"),
      ]);
      expect(patched().linux?.uidMappings).toBeUndefined();
      expect(existsSync(join(bundle, "berth-work"))).toBe(false);
    }
    const config = parseConfig(unpatched.toString()) as OciConfig;
    const env = [...(config.process.env ?? []), "BERTH_PROFILE=full"];
    const full = JSON.stringify({ ...config, process: { ...config.process, env } });
    writeFileSync(join(bundle, "config.json"), full);
    expect(await create({}, mounting)).toMatchObject({
      code: "host-unfit",
      message: expect.stringMatching(
        /profile "full" is not available on this host: .* mapped ids: mount_setattr: E/,
      ),
    });
    expect(readFileSync(join(bundle, "config.json"), "utf8")).toBe(full);
    expect(existsSync(inRun(state))).toBe(false);
    mkdirSync(join(bundle, "berth-work/work"), { recursive: true });
    writeFileSync(join(bundle, "config.json"), unpatched);
    expect(await create({}, mounting)).toMatchObject({
      code: "host-unfit",
      message: expect.stringContaining("is no longer available on this host"),
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
      message: expect.stringContaining("131072 consecutive free ids"),
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
    expect(warnings?.filter((text) => text.startsWith(`using profile "strict"`))).toEqual([
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

import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { clean, errorCode } from "#support/fleet.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: { runtime: false } }, images: { empty: emptyTarball } });
const flags = () => ["--engine-config", node("one").configFile, "--engine-pid", String(node("one").pid)];
const install = (...more: readonly string[]) =>
  node("one").berth(["install", "runtime", "--in-place", ...flags(), ...more]);
const uninstall = (...more: readonly string[]) =>
  node("one").berth(["uninstall", "runtime", ...flags(), ...more]);
const readConfig = () => readFile(node("one").configFile, "utf8");
const runtimes = async () =>
  (await node("one").docker("info", "--format", "{{json .Runtimes}} {{.DefaultRuntime}}")).stdout;

/** An archive of nothing: two blocks of zeros (tar(5)). */
async function emptyTarball(): Promise<string> {
  const path = join(tmpdir(), "berth-empty.tar");
  await writeFile(path, Buffer.alloc(1024));
  return path;
}

/** A file as an administrator writes it. */
const written = `{
    "labels": [ "place=here" ],   
    "max-concurrent-downloads":  3
}

`;

describe.skipIf(!canHaveEngines)("berth install runtime (needs root)", () => {
  beforeEach(() => writeFile(node("one").configFile, written));
  afterEach(() => clean(node("one")));
  afterAll(() => rm(join(tmpdir(), "berth-empty.tar"), { force: true }));

  test("twice is once; uninstall gives the engine and the file back", async () => {
    expect((await install()).status).toBe(0);
    const after = await readConfig();
    expect(JSON.parse(after)).toMatchObject({
      labels: ["place=here"],
      "max-concurrent-downloads": 3,
      runtimes: { berth: {} },
    });
    expect(await runtimes()).toContain('"berth"');
    const again = await install("--json");
    expect([again.status, JSON.parse(again.stdout)]).toEqual([
      0,
      expect.objectContaining({ changed: false, active: true }),
    ]);
    expect(await readConfig()).toBe(after);
    expect((await uninstall()).status).toBe(0);
    expect(await runtimes()).not.toContain('"berth"');
    expect(await readConfig()).toBe(written);
    const directory = dirname(node("one").configFile);
    expect(
      readdirSync(directory).filter((name) => name.startsWith(basename(node("one").configFile))),
    ).toEqual(["daemon.json"]);
    const third = await uninstall();
    expect([third.status, third.stderr]).toEqual([0, expect.stringContaining("has no runtime berth")]);
    expect(await readConfig()).toBe(written);
  });

  test("--default and back", async () => {
    expect((await install("--default")).status).toBe(0);
    expect((await runtimes()).trim()).toEndWith(" berth");
    expect((await uninstall()).status).toBe(0);
    expect((await runtimes()).trim()).toEndWith(" runc");
    expect(await readConfig()).toBe(written);
  });

  test("what was changed in the file meanwhile stays", async () => {
    await install();
    await writeFile(
      node("one").configFile,
      JSON.stringify({ ...JSON.parse(await readConfig()), labels: ["place=there"] }),
    );
    expect((await uninstall()).status).toBe(0);
    expect(JSON.parse(await readConfig())).toEqual({
      labels: ["place=there"],
      "max-concurrent-downloads": 3,
    });
  });

  test.each([
    ["no JSON", "{ nonsense"],
    ["a list", "[]"],
    ["runtimes that are none", '{"runtimes": ["x"]}'],
  ])("a daemon.json that is %s is refused and left alone", async (_, text) => {
    await writeFile(node("one").configFile, text);
    const { status, stdout } = await install("--json");
    expect([status, errorCode(stdout)]).toEqual([2, "file-invalid"]);
    expect(await readConfig()).toBe(text);
    expect(
      readdirSync(dirname(node("one").configFile)).filter((name) => name.includes("berth-backup")),
    ).toEqual([]);
  });

  test("a file that the engine does not take is put back", async () => {
    const other = `${node("one").configFile}.other`;
    await writeFile(other, written);
    const { status, stdout } = await node("one").berth([
      ...[
        "install",
        "runtime",
        "--in-place",
        "--json",
        "--engine-config",
        other,
        "--engine-pid",
        String(node("one").pid),
      ],
    ]);
    expect([status, errorCode(stdout)]).toEqual([1, "engine-refused"]);
    expect(await readFile(other, "utf8")).toBe(written);
  });

  test("uninstall is refused while the engine has machines that need it", async () => {
    await install();
    await node("one").docker(
      "create",
      "--name",
      "web",
      "--label",
      "berth.machine=web",
      "--label",
      "berth.network=x",
      "empty",
      "/sbin/init",
    );
    const { status, stdout } = await uninstall("--json");
    expect([status, errorCode(stdout)]).toEqual([1, "conflict"]);
    expect(await runtimes()).toContain('"berth"');
    expect((await uninstall("--force")).status).toBe(0);
    expect(await runtimes()).not.toContain('"berth"');
  });
});

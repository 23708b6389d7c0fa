import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { clean, containers, errorCode, networks, parseList } from "#support/fleet.ts";
import { inside } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {}, two: {} }, images: {} });
const berth = (args: string) => node("one").berth(args);
const machines = async () => (await berth("ls --quiet")).stdout.split("\n").filter((name) => name !== "");

/** A machine of an image that berth made itself; the image's reference. */
async function makeDb(): Promise<string> {
  const { status, stderr } = await node("one").berth(["up", "db", "--image", await labImage("bookworm")]);
  expect([status, stderr]).toEqual([0, expect.stringContaining("db")]);
  return (await node("one").docker("inspect", "--format", "{{.Config.Image}}", "db")).stdout.trim();
}

/** `docker build` of these lines. */
async function build(engine: Node, tag: string, ...lines: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "berth-build-"));
  try {
    writeFileSync(join(directory, "Dockerfile"), `${lines.join("\n")}\n`);
    await engine.docker("build", "--tag", tag, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.skipIf(!canHaveEngines)("labels that an image hands down (needs root)", () => {
  afterEach(() => clean(node("one")));

  test("a copy of a machine, run by its name with docker, is none of berth's; restored by berth it is", async () => {
    await makeDb();
    await inside(node("one"), "db", "echo dear >/root/letter");
    await node("one").docker("commit", "db", "snap:1");
    expect((await berth("rm -f db")).status).toBe(0);
    // In the same network, which by itself says nothing either.
    for (const flags of [["--network=berth.internal"], []]) {
      await node("one").docker(
        "run",
        "-d",
        "--name",
        "db",
        "--entrypoint=sleep",
        ...flags,
        "snap:1",
        "infinity",
      );
      const before = await containers(node("one"));
      expect(await machines()).toEqual([]);
      expect((await berth("down --yes db")).status).toBe(0);
      for (const refused of [
        "rm -f db --json",
        "stop db --json",
        "up db --image snap:1 --json",
        "restart db --json",
      ]) {
        const { status, stdout } = await berth(refused);
        expect([refused, status, errorCode(stdout)]).toEqual([refused, 1, "not-ours"]);
      }
      expect(await containers(node("one"))).toEqual(before);
      await node("one").docker("rm", "--force", "db");
    }
    expect((await berth("up db --image snap:1")).status).toBe(0);
    expect(await machines()).toEqual(["db"]);
    expect(await inside(node("one"), "db", "cat /root/letter")).toBe("dear");
    expect((await berth("down --yes db")).status).toBe(0);
    expect((await containers(node("one"))).size).toBe(0);
  });

  test("a container is none of berth's by labels that its image's author wrote, whatever he knows of it", async () => {
    const own = await makeDb();
    await build(
      node("one"),
      "authored",
      `FROM ${own}`,
      "LABEL berth.machine=shop berth.network=shopnet berth.probe=shop",
    );
    await node("one").docker("network", "create", "shopnet");
    await node("one").docker(
      "run",
      "-d",
      "--name",
      "shop",
      "--network=shopnet",
      "--entrypoint=sleep",
      "authored",
      "infinity",
    );
    expect(await machines()).toEqual(["db"]);
    for (const refused of ["rm -f shop --json", "stop shop --json"]) {
      const { status, stdout } = await berth(refused);
      expect([refused, status, errorCode(stdout)]).toEqual([refused, 1, "not-ours"]);
    }
    expect((await berth("down --yes --domain shopnet")).status).toBe(0);
    expect([...(await containers(node("one"))).keys()].toSorted()).toEqual(["db", "shop"]);
    await node("one").docker("rm", "--force", "shop");
    await node("one").docker("network", "rm", "shopnet");
  });

  test("`images` lists what berth made as it made it, and nothing that is made of it", async () => {
    const own = await makeDb();
    await node("one").docker("commit", "db", "snap:1");
    const repository = own.slice(0, own.lastIndexOf(":"));
    await node("one").docker("commit", "db", `${repository}:mine`);
    await build(node("one"), "app", `FROM ${own}`, "COPY Dockerfile /srv/");
    await build(node("one"), `${repository}:bash`, `FROM ${own}`, 'CMD ["/bin/bash"]');
    await build(
      node("one"),
      "berth/debian-12",
      `FROM ${own}`,
      "LABEL berth.image=debian-12",
      'CMD ["/bin/bash"]',
    );
    const { stdout } = await berth("images --json");
    const stored = parseList<{ readonly name: string; readonly stored?: { readonly reference: string } }>(
      stdout,
    );
    expect(stored.flatMap((image) => image.stored?.reference ?? [])).toEqual([own]);
    // Its name is taken: that is said, and the user's image stays.
    const { status, stdout: refused } = await berth("up web --image debian-12 --json");
    expect([status, errorCode(refused)]).toEqual([1, "conflict"]);
    expect((await node("one").docker("images", "--quiet", "berth/debian-12")).stdout.trim()).not.toBe("");
  });

  test("an image is asked for its init, whatever it has inherited: told at once, and nothing is left of it", async () => {
    const own = await makeDb();
    await build(node("one"), "noinit", `FROM ${own}`, 'CMD ["/bin/bash"]');
    await build(node("one"), "replaced", `FROM ${own}`, "RUN ln -sf /bin/bash /sbin/init");
    await build(node("one"), "app", `FROM ${own}`, "RUN echo dear >/srv/letter", 'CMD ["/sbin/init"]');
    for (const [image, command] of [
      ["noinit", "/bin/bash"],
      ["replaced", "/sbin/init"],
    ]) {
      const { status, stdout } = await berth(`up web --image ${image} --json`);
      const [web] = parseList(stdout);
      expect([status, web?.error?.code, web?.error?.message]).toEqual([
        1,
        "no-init",
        `the image has no init: its command is ${command}`,
      ]);
      expect([...(await containers(node("one"))).keys()]).toEqual(["db"]);
    }
    expect((await berth("up web --image app")).status).toBe(0);
    expect(await inside(node("one"), "web", "cat /srv/letter; systemctl is-system-running")).toBe(
      "dear\nrunning",
    );
  });
});

describe.skipIf(!canHaveEngines)("berth uninstall all (needs root)", () => {
  const cache = mkdtempSync(join(tmpdir(), "berth-cache-"));
  const flags = () => ["--engine-config", node("two").configFile, "--engine-pid", String(node("two").pid)];
  const uninstall = (...more: readonly string[]) =>
    node("two").berth(["uninstall", "all", ...flags(), ...more], { env: { BERTH_CACHE: cache } });
  const references = async () =>
    (await node("two").docker("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout
      .split("\n")
      .filter((name) => name !== "")
      .toSorted();
  afterAll(() => rmSync(cache, { recursive: true, force: true }));

  test("removes what berth made as it made it, once it is asked to; what is the user's stays", async () => {
    const engine = node("two");
    expect((await engine.berth("loader image --quiet")).status).toBe(0);
    const [loader] = (await references()).filter((name) => /^berth-loader:\d/.test(name));
    await build(engine, "berth/debian-12", `FROM ${loader}`, "LABEL berth.image=debian-12", 'CMD ["--help"]');
    await build(engine, "mine", `FROM ${loader}`, 'CMD ["--help"]');
    await engine.docker("tag", loader ?? "", "host:5000/berth-loader:1");
    await engine.docker("network", "create", "--label=berth.network=lab.test", "lab.test");
    await engine.docker("network", "create", "--label=berth.network=lab.test", "other");
    await engine.docker("network", "create", "--label=berth.network=used.test", "used.test");
    await engine.docker("create", "--name=mine", "--network=used.test", "mine");
    mkdirSync(join(cache, "roots"));
    for (const name of ["debian-12-0123456789ab.tar", "mine.tar"])
      writeFileSync(join(cache, "roots", name), "");
    const before = [
      await references(),
      await networks(engine),
      await containers(engine),
      readdirSync(join(cache, "roots")),
    ];
    const dryRun = await uninstall("--dry-run");
    expect([dryRun.status, dryRun.stderr]).toEqual([0, ""]);
    expect(
      dryRun.stdout
        .replace(/ \(\S+ MiB\)/g, "")
        .trim()
        .split("\n"),
    ).toEqual([
      "remove the network lab.test",
      `remove the image ${loader}`,
      "remove the image berth-loader:latest",
      `remove the file ${join(cache, "roots", "debian-12-0123456789ab.tar")}`,
      `remove the runtime berth from ${engine.configFile}`,
    ]);
    // Nobody can be asked here.
    const unasked = await uninstall("--json");
    expect([unasked.status, errorCode(unasked.stdout)]).toEqual([2, "usage"]);
    expect([
      await references(),
      await networks(engine),
      await containers(engine),
      readdirSync(join(cache, "roots")),
    ]).toEqual(before);
    expect(await uninstall("--yes", "--quiet")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(await references()).toEqual(["berth/debian-12:latest", "host:5000/berth-loader:1", "mine:latest"]);
    expect((await networks(engine)).toSorted()).toEqual(["other", "used.test"]);
    expect([...(await containers(engine)).keys()]).toEqual(["mine"]);
    expect(readdirSync(join(cache, "roots"))).toEqual(["mine.tar"]);
    expect((await engine.docker("info", "--format", "{{json .Runtimes}}")).stdout).not.toContain('"berth"');
    expect(await uninstall()).toMatchObject({
      status: 0,
      stdout: "",
      stderr: "nothing to remove\n",
    });
    await clean(engine);
  });

  test("is refused while the engine has machines", async () => {
    await node("two").docker("create", "--name=web", "--label=berth.machine=web", "mine");
    const { status, stdout } = await uninstall("--yes", "--json");
    expect([status, errorCode(stdout)]).toEqual([1, "conflict"]);
    expect([...(await containers(node("two"))).keys()]).toEqual(["web"]);
    await clean(node("two"));
  });
});

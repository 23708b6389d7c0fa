import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { clean, containers, errorCode, networks, parseList, useFleets } from "#support/fleet.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });
const fleet = useFleets();
const berth = (args: string, cwd?: string) => node("one").berth(args, cwd === undefined ? {} : { cwd });
const ids = async () => new Map([...(await containers(node("one")))].map(([name, { id }]) => [name, id]));

interface Listed {
  readonly name: string;
  readonly address?: string;
  readonly network?: string;
  readonly owner?: { readonly name: string; readonly file?: string };
}
const list = async () =>
  new Map(parseList<Listed>((await berth("ls --json")).stdout).map((machine) => [machine.name, machine]));

const both = "defaults: {image: bookworm}\nmachines: {web: {}, db: {}}\n";
const stranger = 65534;

describe.skipIf(!canHaveEngines)("two machine files on one engine (needs root)", () => {
  afterEach(() => clean(node("one")));

  test("the same names: the second file neither adopts, stops nor removes the first one's machines, and says whose they are", async () => {
    const [shop, blog] = [fleet(both), fleet(both)];
    const file = join(shop, "berth.yaml");
    expect((await berth("up", shop)).status).toBe(0);
    const before = await ids();

    const up = await berth("up --json", blog);
    expect([up.status, errorCode(up.stdout)]).toEqual([1, "conflict"]);
    expect((await berth("up", blog)).stderr).toContain(`web is a machine of ${file}`);
    for (const args of ["stop web", "restart web", "rm -f web", "down --yes web"]) {
      const { status, stderr } = await berth(args, blog);
      expect([args, status, stderr]).toEqual([
        args,
        1,
        expect.stringContaining(`web is a machine of ${file}`),
      ]);
    }
    const down = await berth("down --yes", blog);
    expect([down.status, down.stderr]).toEqual([
      0,
      expect.stringContaining(`web is a machine of ${file}: not removed`),
    ]);
    expect(await ids()).toEqual(before);
    expect([...(await containers(node("one"))).values()].map(({ state }) => state)).toEqual([
      "running",
      "running",
    ]);
    expect((await berth("down --yes", shop)).status).toBe(0);
    expect((await berth("up", blog)).status).toBe(0);
  });

  test("a directory without a file removes none unless told which, and never a file's", async () => {
    const shop = fleet(both);
    const empty = join(shop, "..", `${basename(shop)}-empty`);
    mkdirSync(empty);
    try {
      expect((await berth("up web", shop)).status).toBe(0);
      expect((await berth("up box --image bookworm")).status).toBe(0);
      const before = await ids();
      expect((await berth("down --yes", empty)).status).toBe(2);
      const named = await berth("down --yes web", empty);
      expect([named.status, named.stderr]).toEqual([
        1,
        expect.stringContaining(`web is a machine of ${join(shop, "berth.yaml")}`),
      ]);
      expect((await berth("up web --image bookworm", empty)).status).toBe(1);
      expect(await ids()).toEqual(before);
      expect((await berth("down --yes box", empty)).status).toBe(0);
      expect([...(await ids()).keys()]).toEqual(["web"]);
      expect((await berth("down --yes --all", empty)).status).toBe(0);
      expect([(await ids()).size, await networks(node("one"))]).toEqual([0, []]);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  test("each has a domain of its own name and a subnet that is free, and ls tells whose a machine is", async () => {
    const shop = fleet("name: shop\ndefaults: {image: bookworm}\nmachines: {web: {}}\n");
    const blog = fleet("defaults: {image: bookworm}\nmachines: {site: {}}\n");
    await node("one").docker("network", "create", "--subnet", "10.72.0.0/25", "other");
    for (const cwd of [shop, blog]) expect((await berth("up", cwd)).status).toBe(0);
    const there = await list();
    const project = basename(blog).toLowerCase().replaceAll("_", "-");
    expect(there.get("web")).toMatchObject({
      network: "shop.internal",
      address: "10.72.1.2",
      owner: { name: "shop", file: join(shop, "berth.yaml") },
    });
    expect(there.get("site")).toMatchObject({
      network: `${project}.internal`,
      address: "10.72.2.2",
      owner: { name: project },
    });
    const { stdout } = await berth("ls");
    expect(stdout).toMatch(/^NAME +PROJECT /);
    expect(stdout).toMatch(/^web +shop /m);
    expect(
      (await node("one").docker("exec", "web", "getent", "hosts", "web.shop.internal")).stdout,
    ).toContain("10.72.1.2");
  });

  test("no subnet hides what the host reaches: a written one is refused by name, and none is chosen", async () => {
    const host = node("one");
    await host.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1");
    await host.run("ip", "address", "add", "10.72.5.9/20", "dev", "lan0");
    await host.run("ip", "link", "set", "lan0", "up");
    try {
      const refused = await berth("up web --image bookworm --subnet 10.72.0.0/24");
      expect([refused.status, await networks(host)]).toEqual([1, []]);
      expect(refused.stderr).toContain(
        "the subnet 10.72.0.0/24 overlaps the host's route 10.72.0.0/20 (lan0)",
      );
      expect(refused.stderr).toContain("example: 10.73.0.0/24");
      expect((await berth("up web --image bookworm")).status).toBe(0);
      expect((await list()).get("web")?.address).toBe("10.73.0.2");
      // The host moves to where its machines are: they stay, and doctor tells.
      await host.run("ip", "address", "add", "10.73.0.9/16", "dev", "lan0");
      expect((await berth("up web db --image bookworm")).status).toBe(0);
      expect((await list()).get("db")?.address).toBe("10.73.0.3");
      const checks = parseList<{ readonly id: string }>((await berth("doctor --json")).stdout);
      expect(checks.find(({ id }) => id === "networks")).toMatchObject({
        status: "warn",
        detail: "berth.internal (10.73.0.0/24) hides the host's route 10.73.0.0/16 (lan0)",
      });
    } finally {
      await host.run("ip", "link", "delete", "lan0");
    }
  });

  test("a project whose directory was moved keeps its machines, which is said", async () => {
    const before = fleet("name: shop\ndefaults: {image: bookworm}\nmachines: {web: {}}\n");
    const after = fleet("machines: {}");
    expect((await berth("up", before)).status).toBe(0);
    const machines = await ids();
    renameSync(join(before, "berth.yaml"), join(after, "berth.yaml"));
    const { status, stderr } = await berth("up", after);
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining(
        `taking it over from ${join(before, "berth.yaml")}, which does not exist any more`,
      ),
    ]);
    expect(await ids()).toEqual(machines);
    expect((await berth("down --yes", after)).status).toBe(0);
    expect((await ids()).size).toBe(0);
  });

  test("a machine of before, which tells of no file, is the file's that has its name and its domain", async () => {
    const spec = ["--label", "berth.machine=web", "--label", "berth.network=berth.internal", "--name", "web"];
    await node("one").docker(
      "network",
      "create",
      "--label",
      "berth.network=berth.internal",
      "--subnet",
      "10.72.0.0/24",
      "berth.internal",
    );
    await node("one").docker(
      "run",
      "-d",
      "-t",
      "--runtime=berth",
      "--network=berth.internal",
      ...spec,
      "bookworm",
    );
    const machines = await ids();
    const cwd = fleet(both);
    const { status, stdout } = await berth("up --json", cwd);
    expect([status, parseList(stdout).map(({ name, action }) => [name, action])]).toEqual([
      0,
      expect.arrayContaining([
        ["web", "kept"],
        ["db", "created"],
      ]),
    ]);
    expect((await ids()).get("web")).toBe(machines.get("web") as string);
    expect((await list()).get("db")?.network).toBe("berth.internal");
    expect((await berth("down --yes", cwd)).status).toBe(0);
    expect([(await ids()).size, await networks(node("one"))]).toEqual([0, []]);
  });

  test("another user's berth.yaml in a directory above is refused by name; one's own is named when it is used", async () => {
    const top = fleet("machines: {web: {image: bookworm, profile: privileged, volumes: [/:/host]}}\n");
    const file = join(top, "berth.yaml");
    const work = join(top, "work");
    mkdirSync(work);
    chmodSync(top, 0o1777);
    chownSync(file, stranger, stranger);
    for (const args of ["up", "down --yes", "stop", "start", "deploy"]) {
      const { status, stderr } = await berth(args, work);
      expect([args, status, stderr]).toEqual([
        args,
        2,
        expect.stringContaining(`${file} was found, but it is not only yours`),
      ]);
    }
    expect((await ids()).size).toBe(0);
    chownSync(file, 0, 0);
    expect(await berth("up --dry-run", work)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("other users may move a file of yours"),
    });
    chmodSync(top, 0o755);
    expect(await berth("up --dry-run", work)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(`machine file: ${file}`),
    });
  });

  test("a directory of the host that others can walk to is warned of, and how to mend it; a closed one, or one for reading, is not", async () => {
    const cwd = fleet("");
    const mount = (mode: string) =>
      `defaults: {image: bookworm}\nmachines: {web: {volumes: ["./shared:/data${mode}"]}}\n`;
    mkdirSync(join(cwd, "shared"));
    const warned = async (mode = "") => {
      writeFileSync(join(cwd, "berth.yaml"), mount(mode));
      const { status, stderr } = await berth("up --no-wait", cwd);
      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      return (
        stderr.includes(`other users of the host can reach ${join(cwd, "shared")}`) &&
        stderr.includes("install -d -m 700")
      );
    };
    expect(await warned()).toBe(false);
    chmodSync(cwd, 0o755);
    expect(await warned()).toBe(true);
    expect(await warned(":ro")).toBe(false);
    chmodSync(join(cwd, "shared"), 0o700);
    expect(await warned()).toBe(false);
  });

  test("a machine whose root can write the berth.yaml is named before anything is done, as long as it can", async () => {
    const cwd = fleet('machines: {web: {image: bookworm, volumes: ["./:/srv"]}}\n');
    const file = join(cwd, "berth.yaml");
    const warned = (text: string) =>
      text.includes(`root in web can write ${file} by the bind of ${cwd}`) && text.includes("Mount it :ro");
    for (const args of ["up --dry-run", "up"]) {
      const { status, stderr } = await berth(args, cwd);
      expect([args, status, warned(stderr)]).toEqual([args, 0, true]);
    }
    const evil = 'machines: {evil: {image: bookworm, profile: privileged, volumes: ["/:/host"]}}';
    await node("one").docker("exec", "web", "sh", "-c", `echo '${evil}' >/srv/berth.yaml`);
    const dry = await berth("up --dry-run", cwd);
    expect([dry.stdout, warned(dry.stderr)]).toEqual([expect.stringContaining("create evil"), true]);
    expect((await berth("rm -f web", cwd)).status).toBe(0);
    writeFileSync(file, 'machines: {web: {image: bookworm, volumes: ["./:/srv:ro"]}}\n');
    const { status, stderr } = await berth("up", cwd);
    expect([status, warned(stderr)]).toEqual([0, false]);
  });

  test("a bind whose way is another user's is warned of, for reading, too, with whose it is, where, and how to mend it", async () => {
    const cwd = fleet(
      'defaults: {image: bookworm}\nmachines: {web: {volumes: ["./home/data:/data", "./home/web:/web:ro"]}}\n',
    );
    for (const name of ["home", "home/data", "home/web"]) mkdirSync(join(cwd, name), { mode: 0o700 });
    const warnings = async () => {
      const { status, stderr } = await berth("up --no-wait", cwd);
      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      return stderr.split("\n").filter((line) => line.includes("to any directory of the host"));
    };
    expect(await warnings()).toEqual([]);
    chownSync(join(cwd, "home"), stranger, stranger);
    const expected = ["data", "web"].map((name) =>
      expect.stringMatching(
        new RegExp(
          `${join(cwd, "home", name)} .*${join(cwd, "home")} belongs to the user ${stranger}\\. Keep it .*: /srv\\)$`,
        ),
      ),
    );
    expect(await warnings()).toEqual(expected);
  });
});

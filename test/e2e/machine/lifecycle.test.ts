import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { clean, containers, parseList, useFleets } from "#support/fleet.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });
const fleet = useFleets();
const berth = (args: string | readonly string[]) => node("one").berth(args);
/** The state the engine gives a machine. */
const state = async (name: string) => (await containers(node("one"))).get(name)?.state;

describe.skipIf(!canHaveEngines)("a machine's life (needs root)", () => {
  beforeAll(async () => {
    const { status, stderr } = await berth("up web db --image bookworm");
    if (status !== 0) throw new Error(stderr);
  });
  // Whatever became of them in the test before.
  beforeEach(async () => {
    const { status, stderr } = await berth("start web db");
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => clean(node("one")));

  test("stop is fine twice, and leaves the others alone; wait sees it", async () => {
    for (const command of ["stop web", "stop web", "wait web --for stopped --wait-timeout 10s"])
      expect([command, (await berth(command)).status]).toEqual([command, 0]);
    expect([await state("web"), await state("db")]).toEqual(["exited", "running"]);
    expect((await berth("stop nobody")).status).toBe(4);
  });

  test("start is fine twice, and wait and restart do what they say", async () => {
    expect((await berth("stop web")).status).toBe(0);
    for (const command of ["start web", "start web", "wait web db", "restart web"])
      expect([command, (await berth(command)).status]).toEqual([command, 0]);
    expect(await state("web")).toBe("running");
  });

  test("stop and start --all take every machine", async () => {
    expect((await berth("stop --all --json")).status).toBe(0);
    expect([await state("web"), await state("db")]).toEqual(["exited", "exited"]);
    const { status, stdout } = await berth("start --all --json");
    expect([status, parseList(stdout).map(({ state }) => state)]).toEqual([0, ["running", "running"]]);
  });

  test("without a name they take those of the machine file alone", async () => {
    const cwd = fleet("machines: {own: {image: bookworm}}\n");
    expect((await node("one").berth("up", { cwd })).status).toBe(0);
    expect((await node("one").berth("stop", { cwd })).status).toBe(0);
    expect([await state("own"), await state("web"), await state("db")]).toEqual([
      "exited",
      "running",
      "running",
    ]);
    expect((await node("one").berth("start", { cwd })).status).toBe(0);
    expect((await node("one").berth("down --yes", { cwd })).status).toBe(0);
    expect(await state("own")).toBeUndefined();
  });

  test("exec and shell give the command's own output and status", async () => {
    const { status, stdout, stderr } = await berth([
      "exec",
      "web",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 7",
    ]);
    expect([status, stdout, stderr]).toEqual([7, "out\n", "err\n"]);
    expect((await berth(["exec", "web", "hostname"])).stdout).toBe("web\n");
    for (const program of ["no-such-program", "/usr/bin/no-such-program", "etc/no-such-program"])
      expect([program, (await berth(["exec", "web", program])).status]).toEqual([program, 127]);
    for (const program of ["/etc/passwd", "etc/passwd", "/etc"])
      expect([program, (await berth(["exec", "web", program])).status]).toEqual([program, 126]);
    expect((await berth(["exec", "-w", "/usr/bin", "web", "./env", "true"])).status).toBe(0);
    expect((await berth(["exec", "-e", "PATH=/nowhere", "web", "hostname"])).status).toBe(127);
    expect((await berth(["exec", "-u", "no-such-user", "web", "hostname"])).status).toBe(126);
    expect((await berth(["shell", "web", "--", "no-such-program"])).status).toBe(127);
    expect((await berth(["shell", "web", "--", "id", "-un"])).stdout).toBe("root\n");
    expect((await berth(["exec", "nobody", "true"])).status).toBe(4);
  });

  test("logs are the journal, and with --console the console", async () => {
    await berth(["exec", "web", "sh", "-c", "echo a letter for the journal | systemd-cat -t postman"]);
    await berth(["exec", "web", "journalctl", "--sync"]);
    const journal = await berth("logs web -n 20");
    expect(journal.status).toBe(0);
    expect(journal.stdout).toContain("a letter for the journal");
    expect((await berth("logs --console web")).stdout).toContain("Welcome to");
    expect((await berth("logs nobody")).status).toBe(4);
  });

  test("a console needs a terminal", async () => {
    const { status, stderr } = await berth("console web");
    expect([status, stderr]).toEqual([2, expect.stringContaining("terminal")]);
  });

  test("ls, inspect, stats, images and doctor as JSON and as tables, on standard output alone", async () => {
    const read = async (command: string) => {
      const { status, stdout, stderr } = await berth(`${command} --json`);
      expect([command, status, stderr]).toEqual([command, 0, ""]);
      return JSON.parse(stdout) as unknown;
    };
    expect(await read("ls")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "web", state: "running", address: "10.72.0.2" }),
      ]),
    );
    expect(await read("inspect web")).toEqual([
      expect.objectContaining({ name: "web", initState: "running", failedUnits: [] }),
    ]);
    expect(await read("stats --no-stream web")).toMatchObject({ name: "web" });
    expect(await read("images")).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: "debian-12" })]),
    );
    for (const command of ["ls", "inspect web db", "stats --no-stream", "images"]) {
      const { status, stdout } = await berth(command);
      expect([command, status, stdout.includes("\u001b")]).toEqual([command, 0, false]);
      expect(stdout.split("\n").length).toBeGreaterThan(2);
    }
    const doctor = await berth("doctor --json");
    expect(doctor.stderr).toBe("");
    expect(
      parseList<{ readonly id: string; readonly status: string }>(doctor.stdout).find(
        ({ id }) => id === "runtime",
      )?.status,
    ).toBe("ok");
  });

  test("rm leaves alone what runs, unless forced", async () => {
    expect((await berth("up extra --image bookworm")).status).toBe(0);
    expect((await berth("rm extra")).status).toBe(1);
    expect(await state("extra")).toBe("running");
    expect((await berth("rm -f extra")).status).toBe(0);
    expect(await state("extra")).toBeUndefined();
    expect((await berth("rm extra")).status).toBe(4);
    expect((await berth("rm -f extra")).status).toBe(0);
    expect([await state("web"), await state("db")]).toEqual(["running", "running"]);
  });
});

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { labImage } from "#lab/lab-image.ts";
import { clean, containers, networks, parseList } from "#support/fleet.ts";
import { failedUnits, inside } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { berthThrough } from "#support/through-proxy.ts";
import { hasHybrid } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: { runtime: false }, v2: { runtime: false, cgroupView: "v2", images: ["bookworm"] } },
  images: { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") },
});

/** Names that no other test's machines have: the lab's hybrid engines share this host's cgroups. */
const [web, db] = [`web-${process.pid}`, `db-${process.pid}`];
/** The parent cgroups that machines have without berth-runtime: those of the two that are there. */
const ownCgroups = () =>
  [db, web]
    .map((name) => `berth-machine-${name}`)
    .filter((name) => existsSync(`/sys/fs/cgroup/systemd/${name}`));

describe.skipIf(!canHaveEngines)("berth up on an engine without berth-runtime (needs root)", () => {
  afterEach(async () => {
    for (const view of ["hybrid", "v2"]) await clean(node(view));
  });

  test.each(["bookworm", "trixie"])(
    "applies the contract through the Engine API: %s runs, and it says what is weaker",
    async (image) => {
      const engine = node("hybrid");
      const { status, stdout, stderr } = await engine.berth([
        "up",
        web,
        db,
        "--image",
        image,
        "--memory",
        "300M",
        "--json",
      ]);
      expect([status, parseList(stdout).map(({ state, error }) => error?.message ?? state)]).toEqual([
        0,
        ["running", "running"],
      ]);
      // An engine from 28 on gives each machine cgroups of its own, where there is cgroup v2 alone.
      const weaker = `${web}: the machine sees the names of all cgroups of the host (read-only)`;
      expect([stderr.includes(`${web}: using profile "strict"`), stderr.includes(weaker)]).toEqual([
        true,
        hasHybrid,
      ]);
      expect(await failedUnits(engine, web)).toBe("");
      const ids = await Promise.all([web, db].map((name) => inside(engine, name, "cat /etc/machine-id")));
      expect(new Set(ids).size).toBe(2);
      expect((await inside(engine, web, `getent hosts ${db}.berth.internal`)).split(/\s/)[0]).toBe(
        "10.72.0.3",
      );
      // No probe container is left.
      expect([...(await containers(engine)).keys()].toSorted()).toEqual([db, web]);
      expect((await engine.berth(`stop ${web}`)).status).toBe(0);
      expect((await engine.berth(`start ${web}`)).status).toBe(0);
      expect(await inside(engine, web, "cat /etc/machine-id")).toBe(ids[0] as string);
      expect(ownCgroups()).toEqual(hasHybrid ? [`berth-machine-${db}`, `berth-machine-${web}`] : []);
      expect((await engine.berth("down --yes --all")).status).toBe(0);
      expect(ownCgroups()).toEqual([]);
      expect([(await containers(engine)).size, await networks(engine)]).toEqual([0, []]);
    },
  );

  test("made meanwhile for one that was killed, it is taken as it is", async () => {
    const engine = node("hybrid");
    const up = ["up", web, "--image", "bookworm", "--json"];
    let other: Promise<unknown> | undefined;
    const { status, stdout } = await berthThrough(engine, up, async (call) => {
      // It has looked into the image by then.
      if (!call.startsWith("HEAD ")) return;
      other ??= engine.berth(up);
      await other;
    });
    expect([status, parseList(stdout).map(({ action, state, error }) => error ?? [action, state])]).toEqual([
      0,
      [["kept", "running"]],
    ]);
    await engine.berth("down --yes --all");
    expect(ownCgroups()).toEqual([]);
  });

  test("killed before it had given a machine its id, the next up gives it", async () => {
    const engine = node("hybrid");
    const script = "echo 0123456789abcdef0123456789abcdef > /etc/machine-id";
    await engine.docker("run", "--name", "once", "bookworm", "/bin/sh", "-c", script);
    await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "once", "used");
    const up = ["up", web, "--image", "used", "--json"];
    const killed = await berthThrough(engine, up, async (call) => {
      if (call.startsWith("PUT ")) throw new Error("killed");
    });
    expect([killed.stdout, (await containers(engine)).get(web)?.state]).toEqual([
      expect.stringContaining("killed"),
      "created",
    ]);
    expect((await engine.berth(up)).status).toBe(0);
    const uuid = (await engine.docker("inspect", "--format", "{{.Config.Env}}", web)).stdout.match(
      /container_uuid=([\da-f-]+)/,
    )?.[1];
    expect(await inside(engine, web, "cat /etc/machine-id")).toBe(uuid?.replaceAll("-", "") ?? "none");
    await engine.docker("rm", "once");
    expect((await engine.berth("down --yes --all")).status).toBe(0);
    expect(ownCgroups()).toEqual([]);
    await engine.docker("rmi", "used");
  });

  const refuses =
    "on cgroup2 alone an engine before 28 cannot: host-unfit, with the way out, and nothing left (needs such an engine)";
  test.skipIf(!hasHybrid)(refuses, async () => {
    const { status, stdout } = await node("v2").berth("up web --image bookworm");
    expect(status).toBe(1);
    expect(stdout).toContain("cannot give a machine its own cgroups");
    expect(stdout).toContain("berth install runtime");
    const [web] = parseList((await node("v2").berth("up web --image bookworm --json")).stdout);
    expect(web?.error?.code).toBe("host-unfit");
    expect((await containers(node("v2"))).size).toBe(0);
  });
});

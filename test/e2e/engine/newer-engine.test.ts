import { afterEach, describe, expect, test } from "bun:test";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { clean, parseList } from "#support/fleet.ts";
import { booted, failedUnits, inside, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const root = () => labEngineRoot("trixie");
const node = useNodes({
  nodes: { hybrid: { root }, v2: { root, cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("Docker 26 (needs root)", () => {
  afterEach(async () => {
    for (const view of ["hybrid", "v2"]) await clean(node(view));
  });

  test.each(["hybrid", "v2"])(
    "on %s, docker run and berth up boot machines that shut down cleanly",
    async (view) => {
      const engine = node(view);
      expect((await engine.docker("version", "--format", "{{.Server.Version}}")).stdout).toMatch(/^26\./);
      await runMachine(engine, "one", "bookworm");
      expect(await booted(engine, "one")).toBe("running");
      expect(await failedUnits(engine, "one")).toBe("");
      await engine.docker("stop", "--time=60", "one");
      expect((await stateOf(engine, "one")).status).toBe(0);
      const { status, stdout } = await engine.berth("up web db --image bookworm --json");
      expect([status, parseList(stdout).map(({ state }) => state)]).toEqual([0, ["running", "running"]]);
      expect((await inside(engine, "web", "getent hosts db.berth.internal")).split(/\s/)[0]).toBe(
        "10.72.0.3",
      );
      expect((await engine.berth("down --yes --all")).status).toBe(0);
    },
  );
});

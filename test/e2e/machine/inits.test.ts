import { afterEach, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: {
    sysvinit: () => labImage("bookworm", ["sysvinit-core", "procps"]),
    runit: () => labImage("bookworm", ["runit-init", "runit", "procps"]),
  },
});

/**
 * How each says that it has come up, and how reboot(2) in a PID namespace ends it: 128 + SIGHUP for a
 * restart, + SIGINT for a halt.
 */
const inits = [
  ["sysvinit", "runlevel | grep -qx 'N 2'", 129],
  ["runit", "pgrep runsvdir >/dev/null", 130],
] as const;

describe.skipIf(!canHaveEngines)("machines with other inits than systemd (needs root)", () => {
  afterEach(async () => {
    for (const view of ["hybrid", "v2"]) await removeAll(node(view));
  });

  test.each(["hybrid", "v2"].flatMap((view) => inits.map((init) => [view, ...init] as const)))(
    "on %s %s boots, and a plain `docker stop` shuts it down",
    async (view, image, isUp, status) => {
      const engine = node(view);
      await runMachine(engine, "old", image);
      await waitFor(`${image} comes up`, async () =>
        (await engine.tryDocker("exec", "old", "sh", "-c", isUp)).status === 0 ? true : undefined,
      );
      expect(await inside(engine, "old", "cat /proc/1/comm")).toBe(image === "runit" ? "runit" : "init");
      await engine.docker("stop", "--time", "30", "old");
      // Killed after the time it would be 137.
      expect((await stateOf(engine, "old")).status).toBe(status);
    },
  );
});

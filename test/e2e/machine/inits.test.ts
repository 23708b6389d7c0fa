import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

// systemd boots in nearly all other files; Debian has no package of s6-linux-init.
const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: {
    sysvinit: () => labImage("bookworm", ["sysvinit-core", "procps"]),
    runit: () => labImage("bookworm", ["runit-init", "runit", "procps"]),
    openrc: () => labImage("bookworm", ["openrc"]),
    busybox: () => labImage("bookworm", ["busybox-static"]),
  },
});

interface Init {
  readonly image: string;
  readonly comm: string;
  /** How it says that it has come up. */
  readonly isUp: string;
  /**
   * How reboot(2) in a PID namespace ends it: 128 + SIGHUP for a restart, + SIGINT for a halt. Killed after
   * the time that `docker stop` gives it would be 137.
   */
  readonly status: number;
  /** Makes the root's /sbin/init, where its packages have none. */
  readonly setUp?: string;
}

const inits: readonly Init[] = [
  { image: "sysvinit", comm: "init", isUp: "runlevel | grep -qx 'N 2'", status: 129 },
  { image: "runit", comm: "runit", isUp: "pgrep runsvdir >/dev/null", status: 130 },
  {
    image: "openrc",
    comm: "init",
    isUp: "rc-status --runlevel | grep -qx default",
    status: 130,
    setUp: "ln -s openrc-init /sbin/init",
  },
  {
    image: "busybox",
    comm: "init",
    isUp: "test -e /run/up",
    status: 130,
    setUp:
      "ln -s ../bin/busybox /sbin/init && printf '::sysinit:/bin/touch /run/up\\n::shutdown:/bin/touch /root/down\\n' >/etc/inittab",
  },
];

describe.skipIf(!canHaveEngines)("machines with other inits than systemd (needs root)", () => {
  beforeAll(async () => {
    for (const view of views) for (const init of inits) await setUp(node(view), init);
  }, patient(60_000));
  afterEach(async () => {
    for (const view of views) await removeAll(node(view));
  });

  test.each(views.flatMap((view) => inits.map((init) => [view, init.image, init] as const)))(
    "on %s %s boots, and a plain `docker stop` shuts it down",
    async (view, image, { comm, isUp, status }) => {
      const engine = node(view);
      await runMachine(engine, "old", image);
      await waitFor(`${image} comes up`, async () =>
        (await engine.tryDocker("exec", "old", "sh", "-c", isUp)).status === 0 ? true : undefined,
      );
      expect(await inside(engine, "old", "cat /proc/1/comm")).toBe(comm);
      await engine.docker("stop", "--time", "30", "old");
      expect((await stateOf(engine, "old")).status).toBe(status);
    },
  );

  test("BusyBox runs the shutdown entries of its inittab", async () => {
    const engine = node("v2");
    await runMachine(engine, "old", "busybox");
    await waitFor("BusyBox comes up", async () =>
      (await engine.tryDocker("exec", "old", "test", "-e", "/run/up")).status === 0 ? true : undefined,
    );
    await engine.docker("stop", "--time", "30", "old");
    expect((await engine.docker("diff", "old")).stdout).toContain("A /root/down\n");
  });
});

async function setUp(engine: Node, { image, setUp: script }: Init): Promise<void> {
  if (script === undefined) return;
  await engine.docker("run", "--name", "builder", image, "sh", "-c", script);
  await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "builder", image);
  await engine.docker("rm", "builder");
}

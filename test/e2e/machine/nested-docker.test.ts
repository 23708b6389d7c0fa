import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { idsOf } from "#support/isolated.ts";
import { booted, failedUnits, inside, removeAll, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

/** A machine that runs containers itself: Docker, and something to make an image of. */
const packages = ["systemd", "systemd-sysv", "dbus", "iproute2", "iptables", "docker.io", "busybox-static"];
const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2", images: ["bookworm"] } },
  images: {
    bookworm: () => labImage("bookworm", packages),
    trixie: () => labImage("trixie", [...packages, "docker-cli"]),
  },
});

const makeTiny = `
  mkdir -p /root/tiny/bin && cp /bin/busybox /root/tiny/bin/
  for name in sh echo cat ip httpd wget sleep; do ln -sf busybox /root/tiny/bin/$name; done
  echo dear >/root/tiny/letter
  tar -C /root/tiny -c . | docker import - tiny >/dev/null`;

/**
 * On a hybrid host Debian 12 and its Docker have the v1 controllers, Debian 13 cgroup2 alone. Layers on a
 * volume lie on no overlay, so that the machine's engine can have overlays of its own; without one it copies.
 */
describe.skipIf(!canHaveEngines).each([
  ["v2", "bookworm", ["--volume=layers:/var/lib/docker"], /^overlay2 /],
  ["hybrid", "bookworm", ["--volume=old:/var/lib/docker"], /^overlay2 /],
  ["hybrid", "trixie", ["--volume=layers:/var/lib/docker"], /^overlay2 /],
  ["v2", "bookworm", [], /^(overlay2|fuse-overlayfs|vfs) /],
] as const)("Docker in a machine on %s of %s, with %p (needs root)", (view, image, flags, storage) => {
  const name = `deep-${flags.length}`;
  /** What the machine's own docker client says, whether it succeeds or not. */
  const docker = async (command: string) =>
    (await node(view).tryDocker("exec", name, "sh", "-c", `docker ${command} 2>&1`)).stdout.trim();
  beforeAll(async () => {
    await runMachine(node(view), name, image, `--label=berth.machine=${name}`, ...flags);
    expect(await booted(node(view), name)).toBe("running");
  }, 60_000);
  afterAll(() => removeAll(node(view)));

  test("its service runs, and no unit has failed", async () => {
    await waitFor("docker.service answers", async () =>
      (await docker("info")).includes("Server Version") ? true : undefined,
    );
    expect(await inside(node(view), name, "systemctl is-active docker.service")).toBe("active");
    expect(await failedUnits(node(view), name)).toBe("");
    const drivers = await docker("info --format '{{.Driver}} {{.CgroupDriver}} {{.CgroupVersion}}'");
    expect(drivers).toMatch(storage);
    expect(drivers).toMatch(
      view === "hybrid" && image === "bookworm" ? / (systemd|cgroupfs) 1$/ : / (systemd|cgroupfs) 2$/,
    );
  });

  test("it runs containers, which are in the machine's user namespace and have a network", async () => {
    await inside(node(view), name, makeTiny);
    expect(await docker("run --rm tiny echo hi")).toBe("hi");
    const { base } = await idsOf(node(view), name);
    expect((await docker("run --rm tiny cat /proc/self/uid_map")).split(/\s+/)).toEqual([
      "0",
      String(base),
      "65536",
    ]);
    expect(await docker("run --detach --name serving tiny httpd -f -p 80")).toMatch(/^[0-9a-f]{64}$/);
    const answers = async () =>
      (await docker("exec serving wget -q -O - http://127.0.0.1/letter")) === "dear" ? true : undefined;
    await waitFor("it serves", answers);
    const address = await docker("inspect --format '{{.NetworkSettings.IPAddress}}' serving");
    expect(await docker(`run --rm tiny wget -q -O - http://${address}/letter`)).toBe("dear");
    expect(await docker("exec serving echo in")).toBe("in");
    // The younger init in it is not taken for its own.
    expect((await node(view).berth(`wait ${name} --timeout 20s`)).status).toBe(0);
    expect(await docker("rm --force serving")).toBe("serving");
    expect(await inside(node(view), name, "systemctl is-system-running")).toBe("running");
  });
});

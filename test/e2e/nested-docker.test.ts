import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "../lab/lab-image.ts";
import { booted, failedUnits, inside, removeAll, runMachine, waitFor } from "./machine.ts";
import { canHaveEngines, type Node, useNodes } from "./nodes.ts";

/** A machine that runs containers itself: Docker, and something to make an image of. */
const packages = ["systemd", "systemd-sysv", "dbus", "iproute2", "iptables", "docker.io", "busybox-static"];
const node = useNodes({ nodes: { v2: { cgroupView: "v2" } }, images: { bookworm: () => labImage("bookworm", packages) } });

const makeTiny = `
  mkdir -p /root/tiny/bin && cp /bin/busybox /root/tiny/bin/ && for name in sh echo cat id ip wget; do ln -sf busybox /root/tiny/bin/$name; done
  tar -C /root/tiny -c . | docker import - tiny >/dev/null`;
const docker = async (engine: Node, name: string, command: string) => (await engine.tryDocker("exec", name, "sh", "-c", `docker ${command} 2>&1`)).stdout.trimEnd();

describe.skipIf(!canHaveEngines)("Docker in a machine (needs root)", () => {
  beforeAll(async () => {
    // Layers on a volume are on no overlay, so that the machine's own engine can use one.
    await runMachine(node("v2"), "deep", "bookworm", "--volume=layers:/var/lib/docker");
    expect(await booted(node("v2"), "deep")).toBe("running");
  }, 60_000);
  afterAll(() => removeAll(node("v2")));

  test("its service runs, and no unit has failed", async () => {
    expect(await failedUnits(node("v2"), "deep")).toBe("");
    await waitFor("docker.service answers", async () => ((await docker(node("v2"), "deep", "info")).includes("Server Version") ? true : undefined));
    expect(await inside(node("v2"), "deep", "systemctl is-active docker.service")).toBe("active");
    const drivers = await docker(node("v2"), "deep", "info --format '{{.Driver}} {{.CgroupDriver}} {{.CgroupVersion}}'");
    console.log(drivers);
    expect(drivers).toMatch(/^(overlay2|fuse-overlayfs|vfs) (systemd|cgroupfs) 2$/);
  });

  test("it runs a container", async () => {
    await inside(node("v2"), "deep", makeTiny);
    expect(await docker(node("v2"), "deep", "run --rm tiny echo hi")).toBe("hi");
    expect(await docker(node("v2"), "deep", "run --rm tiny cat /proc/self/uid_map")).toMatch(/^\s*0\s+0\s+65536$/);
  });
});

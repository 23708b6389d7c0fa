import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { tryRun } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: {} });
const canTry = isVmHost && Bun.which("podman") !== null;

/** Where `berth install runtime` puts it. */
const runtime = "/usr/local/lib/berth/berth-runtime";
const podman = async (...args: readonly string[]) => {
  const { stdout } = await node("host").run("podman", "--runtime", runtime, ...args);
  return stdout.trim();
};

describe.skipIf(!canTry)("machines by Podman (needs the VM's host with Podman)", () => {
  beforeAll(async () => {
    if (canTry) await podman("import", "--change", 'CMD ["/sbin/init"]', await labImage("bookworm"), "box");
  }, 600_000);
  afterEach(() => podman("rm", "--force", "--all"));

  test.each([
    ["full", ["--cap-add=SYS_ADMIN"]],
    ["full", ["--rm"]],
    ["full", ["--systemd=false"]],
    ["strict", ["--env=BERTH_PROFILE=strict"]],
  ] as const)("%s with %p boots, has Podman's name, and stops", async (profile, flags) => {
    await podman("run", "-dt", "--name=one", ...flags, "localhost/box", "/sbin/init");
    const state = () =>
      tryRun("podman", ["--runtime", runtime, "exec", "one", "systemctl", "is-system-running"]);
    await waitFor("it boots", async () => (await state()).stdout.trim() === "running" || undefined);
    const pid = await podman("inspect", "--format={{.State.Pid}}", "one");
    const [, base] = (await node("host").run("cat", `/proc/${pid}/uid_map`)).stdout.trim().split(/\s+/);
    expect(base !== "0").toBe(profile === "full");
    expect(await podman("exec", "one", "cat", "/run/host/container-manager")).toBe("podman");
    expect(await podman("exec", "one", "cat", "/proc/self/cgroup")).toContain("0::/init.scope");
    if (profile === "full") expect(await podman("exec", "one", "stat", "-c%u", "/run/host")).toBe("0");
    await podman("stop", "--time=60", "one");
  });
});

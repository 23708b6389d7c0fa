import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { dist } from "#support/berth.ts";
import { withSettings } from "#support/daemon-json.ts";
import { booted, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { broughtOut } from "#support/mirrors.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });

/** Leaves a file when the machine shuts down cleanly. */
const mark = "systemd-run --unit=mark -p RemainAfterExit=yes -p ExecStop='/bin/touch /clean' true";

describe.skipIf(!isVmHost)('"live-restore": true in daemon.json (needs the VM\'s host)', () => {
  let undo = async () => {};
  beforeAll(async () => {
    undo = await withSettings(node("host"), { "live-restore": true });
  }, 200_000);
  afterAll(async () => {
    await removeAll(node("host"));
    await undo();
  }, 200_000);

  test("machines outlive the engine's restart, and shut down cleanly when the host does, to start with it again", async () => {
    const host = node("host");
    await runMachine(host, "one", "bookworm", "--restart=unless-stopped");
    expect(await booted(host, "one")).toBe("running");
    await inside(host, "one", mark);
    const { pid } = await stateOf(host, "one");
    await host.run("systemctl", "restart", "docker.service");
    expect((await stateOf(host, "one")).pid).toBe(pid);
    await inside(host, "one", "echo dear >/root/letter");
    expect(await broughtOut(host, "one:/root/letter")).toBe("dear\n");
    // In the order of a host's shutdown: berth-stop.service stops behind the engine.
    await host.run("systemctl", "stop", "docker.socket", "docker.service");
    const halt = await host.run(join(dist, "berth"), "runtime", "halt");
    expect(halt.stdout).toBe("berth: shut 1 machine down\n");
    await host.run("systemctl", "start", "docker.service");
    expect(await booted(host, "one")).toBe("running");
    expect(await inside(host, "one", "ls /clean")).toBe("/clean");
  });
});

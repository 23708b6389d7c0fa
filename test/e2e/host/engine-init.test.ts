import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { withSettings } from "#support/daemon-json.ts";
import { clean } from "#support/fleet.ts";
import { booted, inside, removeAll, runMachine } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });

describe.skipIf(!isVmHost)('"init": true in daemon.json (needs the VM\'s host)', () => {
  let undo = async () => {};
  beforeAll(async () => {
    undo = await withSettings(node("host"), { init: true });
  }, 200_000);
  afterAll(async () => {
    await removeAll(node("host"));
    await clean(node("host"));
    await undo();
  }, 200_000);

  test("docker run and berth up boot machines all the same", async () => {
    await runMachine(node("host"), "one", "bookworm");
    expect(await booted(node("host"), "one")).toBe("running");
    expect((await node("host").berth("up web --image bookworm")).status).toBe(0);
    for (const name of ["one", "web"])
      expect(await inside(node("host"), name, "readlink /proc/1/exe")).toEndWith("/systemd");
  });
});

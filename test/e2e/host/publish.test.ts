import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { inside } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { echoAddress, greeting, perl } from "#support/perl.ts";
import { createService, removeService, runningTask } from "#support/service.ts";
import { loadLoader } from "#support/swarm.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });
const [own, outside] = ["10.98.0.1", "10.98.0.2"];

describe.skipIf(!isVmHost)(
  "ports that a loader publishes beside Docker's firewall (needs the VM's host)",
  () => {
    beforeAll(async () => {
      const { run, docker } = node("host");
      await run("ip", "netns", "add", "outside");
      await run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "eth0", "netns", "outside");
      await run("ip", "address", "add", `${own}/24`, "dev", "out0");
      await run("ip", "link", "set", "out0", "up");
      await run("ip", "-n", "outside", "address", "add", `${outside}/24`, "dev", "eth0");
      await run("ip", "-n", "outside", "link", "set", "eth0", "up");
      await docker("swarm", "init", "--advertise-addr", own);
      await docker("network", "create", "--driver", "overlay", "--attachable", "application");
      await loadLoader([node("host")]);
    }, 400_000);
    afterAll(async () => {
      await removeService(node("host"), "echo");
      await node("host").docker("swarm", "leave", "--force");
      await node("host").run("ip", "link", "delete", "out0");
      await node("host").run("ip", "netns", "delete", "outside");
    }, 400_000);

    test("a client outside is served, and the machine sees its address; other ports stay shut", async () => {
      const host = node("host");
      const labels = { "berth.loader.image": "bookworm", "berth.loader.publish": "8080:80" };
      await createService(host, "echo", { labels });
      const { machine } = await runningTask(host, "echo");
      await host.docker("exec", "--detach", machine, ...perl(echoAddress, "80"));
      await waitFor("the machine listens", async () =>
        (await inside(host, machine, "cat /proc/net/tcp")).includes(":0050 "),
      );
      const ask = (port: string) =>
        host.run("ip", "netns", "exec", "outside", ...perl(greeting, own, port)).then(({ stdout }) => stdout);
      expect(await ask("8080")).toBe(`${outside}\n`);
      await expect(ask("80")).rejects.toThrow();
    }, 400_000);
  },
);

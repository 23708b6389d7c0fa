import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, writeFile } from "node:fs/promises";
import { labImage } from "#lab/lab-image.ts";
import { clean, networks, parseList } from "#support/fleet.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });
const [resolvConf, kept] = ["/etc/resolv.conf", "/run/resolv.conf.kept"];

describe.skipIf(!isVmHost)("a host in Amazon's default VPC (needs the VM's host)", () => {
  beforeAll(async () => {
    const { run } = node("host");
    await run("ip", "link", "add", "vpc0", "type", "veth", "peer", "name", "vpc1");
    await run("ip", "address", "add", "172.31.5.9/20", "dev", "vpc0");
    await run("ip", "link", "set", "vpc0", "up");
    await copyFile(resolvConf, kept);
    await writeFile(resolvConf, "nameserver 172.31.0.2\n");
  });
  afterAll(async () => {
    await copyFile(kept, resolvConf);
    await node("host").run("ip", "link", "delete", "vpc0");
    await clean(node("host"));
  });

  test("keeps its name server and its neighbours, by default and whatever is written", async () => {
    const refused = await node("host").berth("up web --image bookworm --subnet 172.31.0.0/24");
    expect([refused.status, await networks(node("host"))]).toEqual([1, []]);
    expect(refused.stderr).toContain("the subnet 172.31.0.0/24 overlaps the host's name server 172.31.0.2");
    const up = await node("host").berth("up web --image bookworm --json");
    expect([up.status, parseList(up.stdout)[0]?.address]).toEqual([0, "10.72.0.2"]);
    for (const address of ["172.31.0.2", "172.31.15.1"])
      expect((await node("host").run("ip", "route", "get", address)).stdout).toContain("dev vpc0");
  });
});

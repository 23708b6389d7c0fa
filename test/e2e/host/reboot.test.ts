import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { emptyEngine, giveImage, hostNode } from "#lab/host-node.ts";
import { labImage } from "#lab/lab-image.ts";
import { patient } from "#lab/wait-for.ts";
import { runBerth } from "#support/berth.ts";
import { parseList } from "#support/fleet.ts";
import { isVmHost } from "#support/vm-host.ts";

// The VM's runner runs this file, boots the VM anew, and runs it again: what is there then is what the first
// run left.
const boot = Number(process.env.BERTH_TEST_BOOT ?? 0);
const host = hostNode("host");
const berth = async (words: string) => {
  const result = await runBerth(host.socket, words.split(" "));
  expect([words, result.status, result.stderr]).toEqual([words, 0, expect.any(String)]);
  return result.stdout;
};
const state = "systemctl is-system-running --wait";

describe.skipIf(!isVmHost || boot === 0)("what is installed outlives a reboot (needs the VM's host)", () => {
  setDefaultTimeout(patient(120_000));

  test.skipIf(boot !== 1)(
    "before: the runtime is installed, and machines run (needs the first boot)",
    async () => {
      await emptyEngine(host);
      await giveImage(host, "bookworm", await labImage("bookworm"));
      await berth("install runtime");
      await berth("up web --image bookworm --wait-timeout 20m");
      const kept = ["-d", "-t", "--runtime=berth", "--restart=always", "--name=kept", "bookworm"];
      await host.docker("run", ...kept);
      await host.docker("exec", "web", "sh", "-c", "echo dear >/root/letter; sync");
    },
  );

  test.skipIf(boot !== 2)("after: they boot again, with what they had (needs the second boot)", async () => {
    expect((await host.docker("info", "--format", "{{json .Runtimes}}")).stdout).toContain('"berth"');
    expect(await berth("start web --wait-timeout 20m")).toContain("web");
    expect(await berth("exec web cat /root/letter")).toBe("dear\n");
    for (const name of ["web", "kept"]) expect(await berth(`exec ${name} ${state}`)).toBe("running\n");
    const list = parseList<{ readonly name: string; readonly state: string }>(await berth("ls --json"));
    expect(list).toContainEqual(expect.objectContaining({ name: "web", state: "running" }));
    await berth("down --yes web");
    await emptyEngine(host);
  });
});

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { idsOf } from "#support/isolated.ts";
import { booted, removeAll, runMachine } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });
const host = () => node("host");
/** More than containerd names by absolute paths in the page that mount(2) takes. */
const layers = 60;

describe.skipIf(!isVmHost)("storage of a host that people have (needs the VM's host)", () => {
  afterEach(() => removeAll(host()));

  test("a machine of many layers is full", async () => {
    const context = await mkdtemp(join(tmpdir(), "berth-layers-"));
    try {
      const copies = Array.from({ length: layers }, (_, layer) => `COPY Dockerfile /layers/${layer}\n`);
      await writeFile(join(context, "Dockerfile"), `FROM bookworm\n${copies.join("")}`);
      await host().docker("build", "--tag", "many", context);
    } finally {
      await rm(context, { recursive: true });
    }
    await runMachine(host(), "deep", "many");
    expect(await booted(host(), "deep")).toBe("running");
    expect((await idsOf(host(), "deep")).base).toBeGreaterThan(0);
  });

  test("with a mount over a file of /proc a machine is strict, and boots", async () => {
    const runtimes = "for pid in $(pidof containerd dockerd); do nsenter --target $pid --mount -- $0; done";
    await host().run("sh", "-c", runtimes, "mount --bind /dev/null /proc/kcore");
    try {
      await runMachine(host(), "covered", "bookworm");
      expect(await booted(host(), "covered")).toBe("running");
      expect((await idsOf(host(), "covered")).base).toBe(0);
    } finally {
      await host().run("sh", "-c", runtimes, "umount --lazy /proc/kcore");
    }
  });

  test("no mount of a start is seen by the host's service manager", async () => {
    const before = new Date().toISOString();
    await runMachine(host(), "quiet", "bookworm");
    expect(await booted(host(), "quiet")).toBe("running");
    expect((await idsOf(host(), "quiet")).base).toBeGreaterThan(0);
    const { stdout } = await host().run(
      "journalctl",
      "--quiet",
      `--since=${before}`,
      "_PID=1",
      "--output=cat",
    );
    expect(stdout.split("\n").filter((line) => line.includes("stage"))).toEqual([]);
    const mounts = await host().run("cat", "/proc/1/mountinfo");
    expect(mounts.stdout).not.toContain("/stage");
  });
});

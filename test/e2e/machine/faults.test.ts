import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { runBerth } from "#support/berth.ts";
import { clean, containers, errorCode, networks, parseList, useFleets } from "#support/fleet.ts";

import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });
const fleet = useFleets();
const isEmpty = async () => [(await containers(node("one"))).size, await networks(node("one"))];

describe("berth without an engine", () => {
  test("says so, where it looked and what to do, with status 3", async () => {
    for (const command of ["up web --image x", "ls", "down --yes --all", "stop web", "inspect web"]) {
      const { status, stdout, stderr } = await runBerth("unix:///nowhere/docker.sock", command.split(" "));
      expect([command, status, stdout]).toEqual([command, 3, ""]);
      expect(stderr).toMatch(/no engine answers at unix:\/\/\/nowhere\/docker.sock/);
      expect(stderr).toContain("→");
    }
  });

  test("a broken machine file: all problems at once, each with its line, and status 2", async () => {
    const cwd = fleet(
      "network: {subnet: 10.0.0.0/99}\nmachines:\n  web:\n    image: x\n    memroy: 3G\n    cpus: many\n  d_b: {image: y, depends_on: [wbe]}\n",
    );
    const { status, stderr } = await runBerth("unix:///nowhere/docker.sock", ["up"], { cwd });
    expect(status).toBe(2);
    for (const line of [1, 5, 6, 7]) expect(stderr).toContain(`berth.yaml:${line}:`);
    expect(stderr).toContain("memory");
    const missing = await runBerth("unix:///nowhere/docker.sock", ["up", "--json"]);
    expect([missing.status, errorCode(missing.stdout), missing.stderr]).toEqual([2, "file-missing", ""]);
  });
});

describe.skipIf(!canHaveEngines)("berth up that cannot (needs root)", () => {
  afterEach(() => clean(node("one")));

  test("unknown names: status 4, with a suggestion", async () => {
    expect(await node("one").berth("up web --image bookwrom")).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("bookworm"),
    });
    const cwd = fleet("machines: {web: {image: bookworm}}\n");
    expect(await node("one").berth("up wbe", { cwd })).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("web"),
    });
    expect((await node("one").berth("inspect nobody")).status).toBe(4);
    expect(await isEmpty()).toEqual([0, []]);
  });

  test.each([
    ["a command that is no init", "--command /bin/sleep --command 600"],
    ["a command that is not there", "--command /sbin/no-such-init"],
  ])("%s: status 1, no-init, and nothing left of the machine", async (_, flags) => {
    const { status, stdout } = await node("one").berth(`up web --image bookworm --json ${flags}`);
    expect([status, parseList(stdout)[0]?.error?.code]).toEqual([1, "no-init"]);
    expect((await containers(node("one"))).size).toBe(0);
  });

  test("tarballs that are no root, no archive, not there", async () => {
    const directory = await mkdtemp(join(tmpdir(), "berth-tar-"));
    try {
      await writeFile(join(directory, "letter"), "dear");
      await run("tar", ["-cf", join(directory, "letters.tar"), "-C", directory, "letter"]);
      await writeFile(join(directory, "noise.tar"), "this is no archive".repeat(100));
      const up = async (file: string) => {
        const { status, stdout } = await node("one").berth([
          "up",
          "web",
          "--json",
          "--image",
          join(directory, file),
        ]);
        return [status, errorCode(stdout)];
      };
      expect(await up("letters.tar")).toEqual([1, "no-os"]);
      expect(await up("noise.tar")).toEqual([2, "file-invalid"]);
      expect(await up("absent.tar")).toEqual([2, "file-missing"]);
      expect(await isEmpty()).toEqual([0, []]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("a container, and a network, of somebody else are not touched", async () => {
    await node("one").docker("run", "-d", "--name", "web", "bookworm", "sleep", "600");
    const before = await containers(node("one"));
    const { status, stdout } = await node("one").berth("up web --image bookworm --json");
    expect([status, errorCode(stdout)]).toEqual([1, "not-ours"]);
    for (const command of ["stop web", "rm -f web", "restart web"])
      expect((await node("one").berth(command)).status).toBe(1);
    expect((await node("one").berth("down --yes web")).status).toBe(0);
    expect(await containers(node("one"))).toEqual(before);
    await node("one").docker("network", "create", "berth.internal");
    const other = await node("one").berth("up db --image bookworm --json");
    expect([other.status, errorCode(other.stdout)]).toEqual([1, "not-ours"]);
    expect((await node("one").berth("down --yes --all")).status).toBe(0);
    expect(await networks(node("one"))).toEqual(["berth.internal"]);
  });

  test("a subnet, an address, a port that is taken: what is taken is named, and nothing half-made stays", async () => {
    await node("one").docker("network", "create", "--subnet", "10.72.0.0/25", "other");
    const overlap = await node("one").berth("up web --image bookworm --subnet 10.72.0.0/24");
    expect(overlap.status).toBe(1);
    expect(overlap.stderr).toContain("10.72.0.0/24");
    expect(overlap.stderr).toContain("network.subnet");
    expect((await containers(node("one"))).size).toBe(0);
    await node("one").docker("network", "rm", "other");

    expect((await node("one").berth("up web --image bookworm --address 10.72.0.9 -p 18081:80")).status).toBe(
      0,
    );
    expect(await node("one").berth("up db --image bookworm --address 10.72.0.9")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("10.72.0.9"),
    });
    const port = await node("one").berth("up db --image bookworm -p 18081:80");
    expect(port).toMatchObject({ status: 1, stdout: expect.stringContaining("18081") });
    expect([...(await containers(node("one"))).keys()]).toEqual(["web"]);
    expect((await node("one").berth("up db --image bookworm -p 18082:80")).status).toBe(0);
  });

  test("an engine that is lost in the middle: status 3; once it is back, up finishes and nothing is lost", async () => {
    expect((await node("one").berth("up kept --image bookworm")).status).toBe(0);
    await node("one").docker("exec", "kept", "sh", "-c", "echo dear >/root/letter; sync");
    const id = (await containers(node("one"))).get("kept")?.id;
    const running = node("one").startBerth("up aa bb cc --image bookworm");
    await waitFor("machines boot", async () => (running.stderr().includes(": booting") ? true : undefined));
    await node("one").crash();
    const { status, stdout, stderr } = await running.ended;
    expect([status, `${stdout}${stderr}`]).toEqual([3, expect.stringMatching(/engine/)]);
    await node("one").revive();
    const { status: next } = await node("one").berth("up kept aa bb cc --image bookworm");
    expect(next).toBe(0);
    expect((await containers(node("one"))).get("kept")?.id).toBe(id as string);
    expect((await node("one").docker("exec", "kept", "cat", "/root/letter")).stdout).toBe("dear\n");
    expect((await containers(node("one"))).size).toBe(4);
  });
});

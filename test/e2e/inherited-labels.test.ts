import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "../lab/lab-image.ts";
import { clean, containers, errorCode, parseList } from "./fleet.ts";
import { inside } from "./machine.ts";
import { canHaveEngines, useNodes } from "./nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: {} });
const berth = (args: string) => node("one").berth(args);
const machines = async () => (await berth("ls --quiet")).stdout.split("\n").filter((name) => name !== "");

/** A machine of an image that berth made itself; the image's reference. */
async function makeDb(): Promise<string> {
  const { status, stderr } = await node("one").berth(["up", "db", "--image", await labImage("bookworm")]);
  expect([status, stderr]).toEqual([0, expect.stringContaining("db")]);
  return (await node("one").docker("inspect", "--format", "{{.Config.Image}}", "db")).stdout.trim();
}

/** `docker build` of these lines. */
async function build(tag: string, ...lines: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "berth-build-"));
  try {
    writeFileSync(join(directory, "Dockerfile"), `${lines.join("\n")}\n`);
    await node("one").docker("build", "--tag", tag, directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe.skipIf(!canHaveEngines)("labels that an image hands down (needs root)", () => {
  afterEach(() => clean(node("one")));

  test("a copy of a machine, run by its name with docker, is none of berth's; restored by berth it is", async () => {
    await makeDb();
    await inside(node("one"), "db", "echo dear >/root/letter");
    await node("one").docker("commit", "db", "snap:1");
    expect((await berth("rm -f db")).status).toBe(0);
    // In the same network, which by itself says nothing either.
    for (const flags of [["--network=berth.internal"], []]) {
      await node("one").docker("run", "-d", "--name", "db", "--entrypoint=sleep", ...flags, "snap:1", "infinity");
      const before = await containers(node("one"));
      expect(await machines()).toEqual([]);
      expect((await berth("down --yes db")).status).toBe(0);
      for (const refused of ["rm -f db --json", "stop db --json", "up db --image snap:1 --json", "restart db --json"]) {
        const { status, stdout } = await berth(refused);
        expect([refused, status, errorCode(stdout)]).toEqual([refused, 1, "not-ours"]);
      }
      expect(await containers(node("one"))).toEqual(before);
      await node("one").docker("rm", "--force", "db");
    }
    expect((await berth("up db --image snap:1")).status).toBe(0);
    expect(await machines()).toEqual(["db"]);
    expect(await inside(node("one"), "db", "cat /root/letter")).toBe("dear");
    expect((await berth("down --yes db")).status).toBe(0);
    expect((await containers(node("one"))).size).toBe(0);
  });

  test("`images` lists what berth made as it made it, and nothing that is made of it", async () => {
    const own = await makeDb();
    await node("one").docker("commit", "db", "snap:1");
    const repository = own.slice(0, own.lastIndexOf(":"));
    await node("one").docker("commit", "db", `${repository}:mine`);
    await build("app", `FROM ${own}`, "COPY Dockerfile /srv/");
    await build(`${repository}:bash`, `FROM ${own}`, 'CMD ["/bin/bash"]');
    await build("berth/debian-12", `FROM ${own}`, "LABEL berth.image=debian-12", 'CMD ["/bin/bash"]');
    const { stdout } = await berth("images --json");
    const stored = parseList<{ readonly name: string; readonly stored?: { readonly reference: string } }>(stdout);
    expect(stored.flatMap((image) => image.stored?.reference ?? [])).toEqual([own]);
    // Its name is taken: that is said, and the user's image stays.
    const { status, stdout: refused } = await berth("up web --image debian-12 --json");
    expect([status, errorCode(refused)]).toEqual([1, "conflict"]);
    expect((await node("one").docker("images", "--quiet", "berth/debian-12")).stdout.trim()).not.toBe("");
  });

  test("an image is asked for its init, whatever it has inherited: told at once, and nothing is left of it", async () => {
    const own = await makeDb();
    await build("noinit", `FROM ${own}`, 'CMD ["/bin/bash"]');
    await build("replaced", `FROM ${own}`, "RUN ln -sf /bin/bash /sbin/init");
    await build("app", `FROM ${own}`, "RUN echo dear >/srv/letter", 'CMD ["/sbin/init"]');
    for (const [image, command] of [
      ["noinit", "/bin/bash"],
      ["replaced", "/sbin/init"],
    ]) {
      const { status, stdout } = await berth(`up web --image ${image} --json`);
      const [web] = parseList(stdout);
      expect([status, web?.error?.code, web?.error?.message]).toEqual([1, "no-init", `the image has no init: its command is ${command}`]);
      expect([...(await containers(node("one"))).keys()]).toEqual(["db"]);
    }
    expect((await berth("up web --image app")).status).toBe(0);
    expect(await inside(node("one"), "web", "cat /srv/letter; systemctl is-system-running")).toBe("dear\nrunning");
  });
});

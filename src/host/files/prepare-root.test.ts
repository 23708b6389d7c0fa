import { describe, expect, test } from "bun:test";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

/**
 * An overlay at /run/root of /run/lower, in which a shell script has made files; `upper` is before the mount.
 */
const overlay = (lower: string, upper = ":") => `
  mkdir /run/lower /run/upper /run/work /run/root
  (cd /run/lower && umask 022 && ${lower})
  (cd /run/upper && ${upper})
  mount -t overlay -o lowerdir=/run/lower,upperdir=/run/upper,workdir=/run/work overlay /run/root`;
const imports = `
  const { writeFirstHostname } = await import(${JSON.stringify(import.meta.resolve("./prepare-root.ts"))});
  const { existsSync, lstatSync, readdirSync, readFileSync } = await import("node:fs");
  const read = (file) => existsSync(file) ? readFileSync(file, "utf8") : "none";`;

describe.skipIf(!isRoot)("the first hostname of a root (needs root)", () => {
  const name = (lower: string, { upper = ":", hostname = "box.example" } = {}) =>
    inMounts(
      `${imports} writeFirstHostname("/run/root", "/run/upper", ${JSON.stringify(hostname)});
       return [read("/run/root/etc/hostname"), readdirSync("/run/upper", { recursive: true }).sort(), read("/run/secret")];`,
      `echo secret >/run/secret; ${overlay(lower, upper)}`,
    );

  test.each([
    ["over the image's", "mkdir etc && echo debian >etc/hostname"],
    ["where the image has none", "mkdir etc"],
    ["over a longer one", "mkdir etc && echo a-very-long-name.example.org >etc/hostname"],
  ])("is written %s", async (_, lower) => {
    expect(await name(lower)).toEqual(["box.example\n", ["etc", "etc/hostname"], "secret\n"]);
  });

  test.each([
    [
      "the machine has set another",
      "mkdir etc && echo debian >etc/hostname",
      "mkdir etc && echo mine >etc/hostname",
      "mine\n",
    ],
    ["the machine has a link there", "mkdir etc", "mkdir etc && ln -s /run/secret etc/hostname", "secret\n"],
    [
      "the machine has removed it",
      "mkdir etc && echo debian >etc/hostname",
      "mkdir etc && mknod etc/hostname c 0 0",
      "none",
    ],
  ])("stays as it is when %s", async (_, lower, upper, expected) => {
    expect(await name(lower, { upper })).toEqual([expected, ["etc", "etc/hostname"], "secret\n"]);
  });

  test.each([
    ["the image has a link there", "mkdir etc && ln -s /run/secret etc/hostname", "secret\n"],
    ["the image has a directory there", "mkdir -p etc/hostname", undefined],
    ["the image has no /etc", "mkdir usr", "none"],
    ["/etc is a link out of the image", "ln -s /run etc", "none"],
  ])("is not written where %s", async (_, lower, expected) => {
    if (expected === undefined) {
      const kind = `${imports} writeFirstHostname("/run/root", "/run/upper", "box"); return [lstatSync("/run/root/etc/hostname").isDirectory(), readdirSync("/run/upper")];`;
      expect(await inMounts(kind, overlay(lower))).toEqual([true, []]);
    } else expect(await name(lower)).toEqual([expected, [], "secret\n"]);
  });

  test("an engine that gives no name changes nothing", async () => {
    expect(await name("mkdir etc && echo debian >etc/hostname", { hostname: "" })).toEqual([
      "debian\n",
      [],
      "secret\n",
    ]);
  });
});

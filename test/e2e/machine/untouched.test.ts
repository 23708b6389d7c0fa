import { beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { dist } from "#support/berth.ts";
import { addRuntime, canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });

/** Keeps what it is given, then hands over to the next. */
const recorder = (record: string, next: string) => `#!/bin/sh
previous=
for word; do
  [ "$previous" != --bundle ] || cp "$word/config.json" "${record}"
  previous=$word
done
${next}
`;

describe.skipIf(!canHaveEngines)("a container that is no machine (needs root)", () => {
  let directory: string;
  beforeAll(async () => {
    directory = join(dirname(node("one").configFile), "recorders");
    await mkdir(directory);
    const [front, back] = [join(directory, "front"), join(directory, "back")];
    const launcher = join(dist, "berth-runtime");
    await writeFile(
      front,
      recorder(join(directory, "before"), `BERTH_REAL_RUNTIME='${back}' exec '${launcher}' "$@"`),
    );
    await writeFile(back, recorder(join(directory, "after"), 'exec runc "$@"'));
    for (const file of [front, back]) await chmod(file, 0o755);
    await addRuntime(node("one"), "recorded", front);
  });

  test.each([
    ["a command", ["true"]],
    ["a command that only names an init", ["echo", "/sbin/init", "systemd"]],
    ["an init that is switched off", ["-e", "BERTH_RUNTIME=disabled", "bookworm", "/sbin/init", "--version"]],
    ["docker's own --init", ["--init", "bookworm", "true"]],
  ] as const)("%s: the runtime gets config.json byte for byte as the engine wrote it", async (_, words) => {
    const args: readonly string[] = words;
    // An old-fashioned `init --version` ends with a status of its own.
    await node("one").tryDocker(
      "run",
      "--rm",
      "--runtime=recorded",
      ...(args.includes("bookworm") ? args : ["bookworm", ...args]),
    );
    const [before, after] = await Promise.all(
      ["before", "after"].map((name) => readFile(join(directory, name))),
    );
    expect(before?.length).toBeGreaterThan(1000);
    expect(after?.equals(before ?? Buffer.alloc(0))).toBe(true);
  });

  test("the recorder does see a machine's config change", async () => {
    await node("one").docker("run", "-d", "--name", "machine", "--runtime=recorded", "bookworm");
    const [before, after] = await Promise.all(
      ["before", "after"].map((name) => readFile(join(directory, name))),
    );
    await node("one").docker("rm", "--force", "machine");
    expect(after?.equals(before ?? Buffer.alloc(0))).toBe(false);
  });

  test.each([
    ["the environment", "env | sort"],
    ["limits", "ulimit -a; cat /proc/self/limits"],
    [
      "open descriptors",
      "ls -l /proc/self/fd | sed 's/.*[0-9]:[0-9][0-9] //; s/[0-9]*]$//; s/proc\\/[0-9]*/proc/'",
    ],
    [
      "signals, capabilities, seccomp and the like",
      "grep -E '^(Sig[^Q]|Shd|Cap|Seccomp|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status; umask",
    ],
    ["mounts", "cut -d' ' -f 5,6 /proc/self/mountinfo"],
    ["the cgroup namespace's view", "sed 's/[0-9a-f]\\{64\\}/ID/' /proc/self/cgroup"],
  ])("%s inside are the same as with runc", async (_, script) => {
    const see = async (runtime: string) =>
      (
        await node("one").docker(
          "run",
          "--rm",
          `--runtime=${runtime}`,
          "--hostname=same",
          "bookworm",
          "bash",
          "-c",
          script,
        )
      ).stdout;
    const expected = await see("runc");
    expect(expected.trim()).not.toBe("");
    expect(await see("berth")).toBe(expected);
  });
});

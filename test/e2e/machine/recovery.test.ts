import { afterEach, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist } from "#support/berth.ts";
import { clean, containers } from "#support/fleet.ts";
import { booted, inside, runMachine } from "#support/machine.ts";
import { addRuntime, canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
/** docker's statuses for a container that was not started: by what it reads in the engine's words. */
const failedStart = [125, 126, 127];
const killed = "berth-runtime did not terminate successfully: exit status 137:";
const states = async () =>
  (await node("hybrid").run("sh", "-c", "find /run/berth/runtime -name stop-signal 2>/dev/null || true"))
    .stdout;

describe.skipIf(!canHaveEngines)("after a crash (needs root)", () => {
  afterEach(async () => {
    for (const view of ["hybrid", "v2"]) await clean(node(view));
  });

  test.each(["hybrid", "v2"])("of the engine on %s, machines are there and boot again", async (view) => {
    await runMachine(node(view), "always", "bookworm", "--restart=always");
    await runMachine(node(view), "never", "bookworm");
    for (const name of ["always", "never"]) expect(await booted(node(view), name)).toBe("running");
    await inside(node(view), "never", "echo dear >/root/letter; sync");
    const machineId = await inside(node(view), "never", "cat /etc/machine-id");
    await node(view).crash();
    await node(view).revive();
    expect(await booted(node(view), "always")).toBe("running");
    await node(view).docker("start", "never");
    expect(await booted(node(view), "never")).toBe("running");
    expect(await inside(node(view), "never", "cat /root/letter /etc/machine-id")).toBe(`dear\n${machineId}`);
  });

  test.each([
    ["before it has patched", 'echo $$ >"$here/pid"; exec sleep 60'],
    ["after it has patched", '\'BERTH\' "$@"; echo $$ >"$here/pid"; exec sleep 60'],
  ])("of the patcher %s, the start fails, and the next one clears up", async (_, script) => {
    const engine = node("hybrid");
    const directory = join(dirname(engine.configFile), "slow");
    await mkdir(directory, { recursive: true });
    await copyFile(join(dist, "berth-runtime"), join(directory, "berth-runtime"));
    const real = join(dist, "berth");
    const patcher = `[ "$2" = create ] || exec '${real}' "$@"\n${script.replace("BERTH", real)}`;
    await writeFile(join(directory, "berth"), `#!/bin/sh\nhere='${directory}'\n${patcher}\n`);
    for (const name of ["berth", "berth-runtime"]) await chmod(join(directory, name), 0o755);
    await engine.run("rm", "-f", join(directory, "pid"));
    await addRuntime(engine, "slow", join(directory, "berth-runtime"));
    const started = engine.tryDocker("run", "-d", "-t", "--runtime=slow", "--name", "one", "bookworm");
    const pid = await waitFor("the patcher works", async () => {
      const text = await Bun.file(join(directory, "pid"))
        .text()
        .catch(() => "");
      return text.trim() || undefined;
    });
    await engine.run("kill", "-KILL", pid);
    const { status, stderr } = await started;
    expect(failedStart).toContain(status);
    expect(stderr).toContain(killed);
    expect((await containers(engine)).get("one")?.state).toBe("created");
    await engine.docker("rm", "one");
    // A state without a container is swept once it is older than any create may take.
    await engine.run(
      "sh",
      "-c",
      "[ ! -e /run/berth/runtime ] || find /run/berth/runtime -name stop-signal -exec sed -i '2s/.*/-120000/' {} +",
    );
    const id = await runMachine(engine, "two", "bookworm");
    expect(await booted(engine, "two")).toBe("running");
    expect((await states()).trim().split("\n")).toEqual([expect.stringContaining(id)]);
    await engine.docker("rm", "--force", "two");
    expect(await states()).toBe("");
  });

  test("of the launcher, the start fails and leaves no machine", async () => {
    const engine = node("hybrid");
    const directory = join(dirname(engine.configFile), "dying");
    await mkdir(directory, { recursive: true });
    await writeFile(
      join(directory, "berth-runtime"),
      `#!/bin/sh\ncase " $* " in *" create "*) kill -KILL $$ ;; esac\nexec runc "$@"\n`,
    );
    await chmod(join(directory, "berth-runtime"), 0o755);
    await addRuntime(engine, "dying", join(directory, "berth-runtime"));
    const { status, stderr } = await engine.tryDocker(
      ...["run", "-d", "-t", "--runtime=dying", "--name", "one", "bookworm"],
    );
    expect(failedStart).toContain(status);
    expect(stderr).toContain(killed);
    await engine.docker("rm", "one");
    expect(await states()).toBe("");
  });
});

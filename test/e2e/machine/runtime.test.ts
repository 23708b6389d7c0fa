import { afterEach, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import {
  booted,
  failedUnits,
  inside,
  removeAll,
  runMachine,
  signalsDuring,
  stateOf,
} from "#support/machine.ts";
import { canHaveEngines, installRuntime, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") },
});
const combinations = views.flatMap((view) => ["bookworm", "trixie"].map((image) => [view, image] as const));

const readUuid = "tr '\\0' '\\n' </proc/1/environ | sed -n 's/^container_uuid=//p' | tr -d -";

describe.skipIf(!canHaveEngines)("docker run --runtime=berth (needs root)", () => {
  afterEach(async () => {
    for (const view of views) await removeAll(node(view));
  });

  test.each(combinations)(
    "on %s %s boots, keeps its identity over a restart, shuts down cleanly and leaves nothing",
    async (view, image) => {
      const engine = node(view);
      const id = await runMachine(engine, "one", image);
      expect(await booted(engine, "one")).toBe("running");
      expect(await failedUnits(engine, "one")).toBe("");
      const [machineId = "", uuid] = (await inside(engine, "one", `cat /etc/machine-id; ${readUuid}`)).split(
        "\n",
      );
      expect(machineId).toMatch(/^[0-9a-f]{32}$/);
      expect(uuid).toBe(machineId);

      expect(await signalsDuring(engine, "one", () => engine.docker("restart", "--time=60", "one"))).toEqual([
        "15",
      ]);
      expect(await booted(engine, "one")).toBe("running");
      expect(await inside(engine, "one", "cat /etc/machine-id")).toBe(machineId);
      await runMachine(engine, "two", image);
      expect(await booted(engine, "two")).toBe("running");
      expect(await inside(engine, "two", "cat /etc/machine-id")).not.toBe(machineId);

      // As users do it: within the 10 s that docker leaves a container by default.
      expect(await signalsDuring(engine, "one", () => engine.docker("stop", "one"))).toEqual(["15"]);
      expect((await stateOf(engine, "one")).status).toBe(0);
      expect((await engine.docker("logs", "--tail", "5", "one")).stdout).toContain("Halting system.");
      await engine.docker("rm", "one");
      expect((await engine.run("find", "/run/berth/runtime", "-name", `${id}*`)).stdout).toBe("");
    },
  );

  test.each(combinations)(
    "on %s a %s image with a machine-id of its own gives machines theirs",
    async (view, image) => {
      const engine = node(view);
      const shared = "0123456789abcdef0123456789abcdef";
      await engine.docker("run", "--name", "filled", image, "sh", "-c", `echo ${shared} >/etc/machine-id`);
      await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "filled", "filled");
      await Promise.all(["one", "two"].map((name) => runMachine(engine, name, "filled")));
      expect(await Promise.all(["one", "two"].map((name) => booted(engine, name)))).toEqual([
        "running",
        "running",
      ]);
      const [one, two] = await Promise.all(
        ["one", "two"].map((name) => inside(engine, name, `cat /etc/machine-id; ${readUuid}`)),
      );
      expect(one).toMatch(/^([0-9a-f]{32})\n\1$/);
      expect(two).toMatch(/^([0-9a-f]{32})\n\1$/);
      expect(new Set([one, two, `${shared}\n${shared}`]).size).toBe(3);
      await removeAll(engine);
      await engine.docker("rmi", "filled");
    },
  );

  test("an image without its init fails by docker's own error with our sentence, and leaves nothing", async () => {
    const engine = node("hybrid");
    await engine.docker("run", "--name", "bare", "bookworm", "rm", "/sbin/init");
    await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "bare", "no-init");
    const { status, stderr } = await engine.tryDocker(
      "run",
      "-d",
      "-t",
      "--runtime=berth",
      "--name",
      "none",
      "no-init",
    );
    expect(status).toBe(125);
    expect(stderr).toContain("this image has no init: /sbin/init does not exist in it");
    expect(stderr).toContain("systemd-sysv");
    const id = (await engine.docker("inspect", "--format", "{{.Id}}", "none")).stdout.trim();
    expect((await engine.run("find", "/run/berth", "-name", `${id}*`)).stdout).toBe("");
    await removeAll(engine);
    await engine.docker("rmi", "no-init");
  });

  test("without -t a machine boots, too", async () => {
    const engine = node("hybrid");
    await engine.docker("run", "-d", "--runtime=berth", "--name", "mute", "bookworm");
    expect(await booted(engine, "mute")).toBe("running");
  });

  test("as the default runtime it boots plain `docker run`, and leaves alone what is no init", async () => {
    const engine = node("v2");
    const before = await Bun.file(engine.configFile).text();
    try {
      await installRuntime(engine, "--default");
      await engine.docker("run", "-d", "-t", "--name", "plain", "trixie");
      expect(await booted(engine, "plain")).toBe("running");
      expect((await engine.docker("run", "--rm", "trixie", "echo", "hello")).stdout).toBe("hello\n");
      expect((await engine.tryDocker("run", "--rm", "trixie", "sh", "-c", "exit 7")).status).toBe(7);
    } finally {
      await removeAll(engine);
      await Bun.write(engine.configFile, before);
      process.kill(engine.pid, "SIGHUP");
    }
  });
});

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { booted, cgroupsOfProcess, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { hasHybrid, views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") },
});
const combinations = views.flatMap((view) => ["bookworm", "trixie"].map((image) => [view, image] as const));

describe.skipIf(!canHaveEngines)("a machine's bounds (needs root)", () => {
  afterEach(async () => {
    for (const view of views) await removeAll(node(view));
  });

  test.each(combinations)("on %s a service of %s runs in its machine's own cgroup", async (view, image) => {
    const engine = node(view);
    const id = await runMachine(engine, "one", image);
    await runMachine(engine, "other", image);
    expect(await booted(engine, "one")).toBe("running");
    expect(await booted(engine, "other")).toBe("running");
    await inside(engine, "one", "systemd-run --service-type=exec --unit=probe sleep 4567");
    const cgroups = await cgroupsOfProcess(engine, "one", "sleep 4567");
    // On a hybrid host an engine that sees cgroup2 alone leaves the other hierarchies be.
    const seen = [...cgroups].flatMap(([controllers, path]) =>
      view === "v2" && controllers !== "" ? [] : [path],
    );
    // Control: there are paths to look at, one a hierarchy.
    if (view === "v2") expect(seen).toHaveLength(1);
    else expect(seen.length).toBeGreaterThan(5);
    for (const path of seen) expect(path).toMatch(new RegExp(`/(docker-)?${id}`));
    expect(seen).toContainEqual(
      expect.stringMatching(new RegExp(`${id}(\\.scope)?/system\\.slice/probe\\.service$`)),
    );
    // From inside it is the machine's own tree and nothing above it.
    expect(await inside(engine, "one", "cat /proc/$(systemctl show -P MainPID probe)/cgroup")).toContain(
      ":/system.slice/probe.service",
    );
    // Its services end meanwhile, and find, which goes on without their cgroups, fails for that.
    const look =
      "find /sys/fs/cgroup -name '*.scope' -o -name '*.service' -o -name 'berth-*' -o -name docker";
    const names = await inside(engine, "one", `${look} || true`);
    expect(names).toContain("/init.scope");
    expect(names).not.toContain("berth-engine");
    const mounts = (await inside(engine, "one", "grep -E ' - cgroup2? ' /proc/self/mountinfo"))
      .split("\n")
      .map((line) => line.split(" "));
    // On v2 one mount; else one a controller, or a group of them, and the unified one.
    expect(new Set(mounts.map(([, , , root]) => root))).toEqual(new Set(["/"]));
  });

  test.each(combinations)(
    "on %s root in a strict %s machine can write to no cgroup but its own",
    async (view, image) => {
      const engine = node(view);
      await runMachine(engine, "one", image, "-e", "BERTH_PROFILE=strict");
      expect(await booted(engine, "one")).toBe("running");
      // v1 controllers show the machine's limits read-only; on cgroup2 the kernel hides those files in the
      // namespace's root.
      const tryAll =
        "find /sys/fs/cgroup -maxdepth 2 -name memory.limit_in_bytes -o -maxdepth 2 -name cpu.shares -o -maxdepth 2 -name release_agent";
      const written = await inside(
        engine,
        "one",
        `for file in $(${tryAll}); do echo 1 2>/dev/null >"$file" && echo "$file"; done; true`,
      );
      expect(written).toBe("");
      const remounted = await inside(
        engine,
        "one",
        "mount -o remount,rw /sys/fs/cgroup 2>&1; mount -t cgroup2 none /mnt 2>&1; mount -o remount,rw /sys 2>&1; true",
      );
      expect(remounted.match(/denied|not permitted|must be superuser/g)?.length).toBe(3);
      // What a machine's init makes of the host's tree where it reaches it; a host may have its own.
      if (!hasHybrid) return;
      const slices =
        "for slice in /sys/fs/cgroup/system.slice /sys/fs/cgroup/init.scope /sys/fs/cgroup/*/system.slice /sys/fs/cgroup/*/init.scope";
      expect(
        (await engine.run("sh", "-c", `${slices}; do [ ! -e "$slice" ] || echo "$slice"; done`)).stdout,
      ).toBe("");
    },
  );

  test.each(["bookworm", "trixie"])("a service of %s is under its machine's memory limit", async (image) => {
    const engine = node("hybrid");
    await runMachine(engine, "small", image, "--memory=150m");
    expect(await booted(engine, "small")).toBe("running");
    const eat = (megabytes: number) =>
      `systemd-run --wait --quiet --collect perl -e 'print length("a" x (${megabytes} << 20))'`;
    expect((await engine.tryDocker("exec", "small", "sh", "-c", eat(20))).status).toBe(0);
    // systemd-run's status for a unit that ended by a signal; hybrid's systemd hears of no OOM.
    expect((await engine.tryDocker("exec", "small", "sh", "-c", eat(400))).status).toBe(255);
    await inside(engine, "small", "journalctl --sync");
    expect(await inside(engine, "small", "journalctl --no-pager --quiet")).toMatch(
      /Main process exited, code=killed, status=9\/KILL/,
    );
    expect(await inside(engine, "small", "systemctl is-system-running || true")).toBe("running");
  });

  test.each(combinations)(
    "on %s %s boots with --privileged, and /sys stays read-only",
    async (view, image) => {
      const engine = node(view);
      await runMachine(engine, "mighty", image, "--privileged");
      const { pid } = await stateOf(engine, "mighty");
      // Before its init is in its scope nothing may be run in it, so look from the host.
      const enter = (script: string) =>
        engine.run("nsenter", `--target=${pid}`, "--all", "--", "sh", "-c", script);
      await waitFor("the machine boots", async () => {
        const { stdout } = await engine.run("sh", "-c", `grep -c init.scope /proc/${pid}/cgroup || true`);
        return stdout.trim() !== "0" &&
          (await enter("systemctl is-system-running || true")).stdout.trim() === "running"
          ? true
          : undefined;
      });
      expect((await enter("systemctl list-units --failed --plain --no-legend --no-pager")).stdout).toBe("");
      expect((await enter("awk '$5 == \"/sys\" {print $6}' /proc/1/mountinfo | tail -1")).stdout).toMatch(
        /^ro(,|$)/m,
      );
      expect((await enter("ls /dev | grep -E '^tty[0-9]+$' || true")).stdout).toBe("");
      // The engine asks for all capabilities again, also those that this host lacks.
      expect(await inside(engine, "mighty", "systemctl is-system-running")).toBe("running");
    },
  );

  test("what the user mounts below /run and /tmp is in sight", async () => {
    const engine = node("hybrid");
    const directory = await mkdtemp(join(tmpdir(), "berth-bind-"));
    try {
      await writeFile(join(directory, "letter"), "dear\n");
      await runMachine(
        engine,
        "one",
        "bookworm",
        "-v",
        `${directory}:/run/secrets/own:ro`,
        "-v",
        `${directory}:/tmp/own`,
        "--tmpfs",
        "/run/scratch",
      );
      expect(await booted(engine, "one")).toBe("running");
      expect(
        await inside(
          engine,
          "one",
          "cat /run/secrets/own/letter /tmp/own/letter; stat -f -c %T /run/scratch",
        ),
      ).toBe("dear\ndear\ntmpfs");
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { mayBeOf, parseMountinfo } from "#linux/mountinfo.ts";
import { blockDevice } from "#support/block-device.ts";
import { cgroupFile } from "#support/cgroup-file.ts";
import { booted, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { hasHybrid, type View, views } from "#support/views.ts";

const canLimit = { hybrid: hasHybrid && hasControllers("hybrid"), v2: hasControllers("v2") };
const node = useNodes({
  nodes: {
    ...(canLimit.hybrid ? { hybrid: {} } : {}),
    ...(canLimit.v2 ? { v2: { cgroupView: "v2" } } : {}),
  },
  images: { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") },
});

const mebibyte = 1024 ** 2;
const limits = { memory: 160 * mebibyte, pids: 80, cpus: 0.5, readBps: 8 * mebibyte };
const device = await blockDevice();

/**
 * By controller: the file that holds the limit on v1 and on cgroup2, and its text as it was and as `docker
 * update` leaves it.
 */
const files = {
  memory: { v1: "memory.limit_in_bytes", v2: "memory.max", before: limits.memory, after: 2 * limits.memory },
  pids: { v1: "pids.max", v2: "pids.max", before: limits.pids, after: 2 * limits.pids },
  cpu: {
    v1: "cpu.cfs_quota_us",
    v2: "cpu.max",
    before: limits.cpus * 100_000,
    after: 2 * limits.cpus * 100_000,
  },
} as const;

const combinations = [
  ["bookworm", "strict"],
  ["bookworm", "full"],
  ["trixie", "strict"],
] as const;

describe.each(views.flatMap((view) => combinations.map((combination) => [view, ...combination] as const)))(
  "limits on %s of %s as %s",
  (view, image, profile) => {
    const controllers = controllersOf(view);
    const lacks = (...names: readonly string[]) =>
      !canHaveEngines || names.some((name) => !controllers.has(name));
    const io = controllers.has("io") ? "io" : "blkio";
    const name = `${image}-${profile}`;

    beforeAll(async () => {
      if (!canLimit[view]) return;
      const flags = [
        ...(lacks("memory") ? [] : [`--memory=${limits.memory}`, `--memory-swap=${limits.memory}`]),
        ...(lacks("pids") ? [] : [`--pids-limit=${limits.pids}`]),
        ...(lacks("cpu") ? [] : [`--cpu-period=100000`, `--cpu-quota=${limits.cpus * 100_000}`]),
        ...(lacks(io) || device === undefined ? [] : [`--device-read-bps=${device.path}:${limits.readBps}`]),
      ];
      await runMachine(node(view), name, image, "-e", `BERTH_PROFILE=${profile}`, ...flags);
      expect(await booted(node(view), name)).toBe("running");
      const { pid } = await stateOf(node(view), name);
      // Root in it is root on the host, or not.
      const [, root] = (await node(view).run("cat", `/proc/${pid}/uid_map`)).stdout.trim().split(/\s+/);
      expect(root === "0").toBe(profile === "strict");
    });
    afterEach(async () => {
      if (canLimit[view])
        expect(await inside(node(view), name, "systemctl is-system-running || true")).toBe("running");
    });
    afterAll(async () => {
      if (canLimit[view]) await removeAll(node(view));
    });

    /** Bytes or numbers that the machine's own cgroup holds, as the host sees them. */
    const limitOf = async (controller: keyof typeof files) => {
      const { v1, v2 } = files[controller];
      return Number((await cgroupFile(node(view), name, controller, { v1, v2 })).split(" ")[0]);
    };
    const service = (command: string, ...properties: readonly string[]) =>
      node(view).tryDocker(
        "exec",
        name,
        "systemd-run",
        "--pipe",
        "--wait",
        "--quiet",
        "--collect",
        ...properties,
        "sh",
        "-c",
        command,
      );
    /** The bytes that a service's process could take, and its status: 137 is SIGKILL, the kernel's for OOM. */
    const eat = async (megabytes: number) => {
      const perl = `perl -e 'vec(my $all, (${megabytes} << 20) - 1, 8) = 1; print length $all'`;
      // Else systemd ends the shell, too, where it hears of the kill.
      return (await service(`${perl}; echo " $?"`, "--property=OOMPolicy=continue")).stdout;
    };

    test.skipIf(lacks("memory"))(
      "a service that takes more memory is killed, and the machine goes on (needs root, a memory controller)",
      async () => {
        const before = await stateOf(node(view), name);
        expect(await eat(40)).toBe(`${40 * mebibyte} 0\n`);
        expect(await eat(300)).toBe(" 137\n");
        // It was at the limit and not beyond; v1 counts kills only where the process was, in a cgroup of the
        // machine's own.
        const most = await cgroupFile(node(view), name, "memory", {
          v1: "memory.max_usage_in_bytes",
          v2: "memory.peak",
        });
        expect(Number(most)).toBeLessThanOrEqual(limits.memory);
        expect(Number(most)).toBeGreaterThan(limits.memory * 0.9);
        expect(await stateOf(node(view), name)).toEqual(before);
      },
    );

    test.skipIf(lacks("pids"))(
      "a service that forks and forks is stopped at the machine's number (needs root, a pids controller)",
      async () => {
        const bomb = `
      my @children;
      for (1 .. 600) {
        my $child = fork;
        if (!defined $child) { print "refused after $#children: $!"; last }
        if (!$child) { sleep 60; exit }
        push @children, $child;
      }
      kill "KILL", @children;
      waitpid $_, 0 for @children;`;
        // The unit's own limit, a share of the machine's, would come first where systemd can set it.
        const { stdout } = await service(`exec perl -e '${bomb}'`, "--property=TasksMax=infinity");
        const [, children] = /^refused after (\d+): Resource temporarily unavailable$/.exec(stdout) ?? [];
        expect(Number(children)).toBeGreaterThan(limits.pids / 2);
        expect(Number(children)).toBeLessThan(limits.pids);
      },
    );

    test.skipIf(lacks("cpu"))(
      "services that burn get no more than their machine's processors (needs root, a cpu controller)",
      async () => {
        // So little that it holds the machine back on a busy host too.
        const little = 0.1;
        await node(view).docker("update", `--cpu-quota=${little * 100_000}`, name);
        await inside(
          node(view),
          name,
          "for unit in one two; do systemd-run --quiet --unit=burn-$unit sh -c 'while :; do :; done'; done",
        );
        const throttled = async () =>
          statOf(
            await cgroupFile(node(view), name, "cpu", { v1: "cpu.stat", v2: "cpu.stat" }),
            "nr_throttled",
          );
        const began = {
          at: performance.now(),
          used: await usedSeconds(node(view), name),
          throttled: await throttled(),
        };
        await waitFor("the machine is held back", async () =>
          (await throttled()) >= began.throttled + 15 ? true : undefined,
        );
        // The wall's time begins before the other and ends after it, however long each look takes.
        const used = (await usedSeconds(node(view), name)) - began.used;
        const wall = (performance.now() - began.at) / 1000;
        await node(view).docker("update", `--cpu-quota=${files.cpu.before}`, name);
        await inside(node(view), name, "systemctl stop burn-one burn-two");
        expect(used).toBeGreaterThan(0);
        // Two burners without a limit take up to 2 seconds in a second.
        expect(used / wall).toBeLessThan(little * 2);
      },
    );

    test.skipIf(lacks(io) || device === undefined)(
      "a service reads no faster than it may (needs root, an I/O controller and a disk)",
      async () => {
        const set = await cgroupFile(node(view), name, io, {
          v1: "blkio.throttle.read_bps_device",
          v2: "io.max",
        });
        expect(set).toContain(device?.number ?? "none");
        expect(set).toContain(String(limits.readBps));
        // What is the machine's own need not be on a disk; its image is.
        const read = "dd if=/usr/bin/perl iflag=direct bs=1048576 status=none";
        const began = performance.now();
        const { stdout, stderr } = await service(
          `read=0; while [ $read -lt ${16 * mebibyte} ]; do read=$((read + $(${read} | wc -c))); done; echo $read`,
        );
        expect(stderr).toBe("");
        expect(Number(stdout)).toBeGreaterThanOrEqual(16 * mebibyte);
        // It takes two seconds, however fast the disk; the first slice of time is the kernel's to round.
        expect(performance.now() - began).toBeGreaterThan(1500);
      },
    );

    test.skipIf(lacks("memory", "pids", "cpu"))(
      "root in the machine cannot raise them (needs root, controllers)",
      async () => {
        const names = [
          ...Object.values(files).flatMap(({ v1, v2 }) => [v1, v2]),
          "blkio.throttle.read_bps_device",
          "io.max",
        ];
        const found = `find /sys/fs/cgroup /mnt -maxdepth 2 \\( ${names.map((file) => `-name ${file}`).join(" -o ")} \\)`;
        const attempts = `
      mount -o remount,rw /sys/fs/cgroup; mount -o remount,rw /sys
      for controller in memory pids cpu blkio; do
        mount -o remount,rw /sys/fs/cgroup/$controller
        mkdir -p /mnt/$controller; mount -t cgroup -o $controller none /mnt/$controller
      done
      mkdir -p /mnt/unified; mount -t cgroup2 none /mnt/unified
      for file in $(${found}); do for value in -1 max 8000000000 "max 100000"; do echo "$value" >$file; done; done
      true`;
        await inside(node(view), name, `(${attempts}) 2>/dev/null`);
        for (const controller of ["memory", "pids", "cpu"] as const)
          expect([controller, await limitOf(controller)]).toEqual([controller, files[controller].before]);
        expect(await eat(300)).toBe(" 137\n");
        await inside(
          node(view),
          name,
          "for place in $(ls /mnt); do umount /mnt/$place 2>/dev/null; rmdir /mnt/$place; done; true",
        );
      },
    );

    test.skipIf(lacks("memory", "pids", "cpu"))(
      "docker update changes them in the running machine (needs root, controllers)",
      async () => {
        expect(await eat(200)).toBe(" 137\n");
        const { memory, pids, cpu } = files;
        await node(view).docker(
          "update",
          `--memory=${memory.after}`,
          `--memory-swap=${memory.after}`,
          `--pids-limit=${pids.after}`,
          `--cpu-quota=${cpu.after}`,
          name,
        );
        for (const controller of ["memory", "pids", "cpu"] as const)
          expect([controller, await limitOf(controller)]).toEqual([controller, files[controller].after]);
        expect(await eat(200)).toBe(`${200 * mebibyte} 0\n`);
        // And down again, from what it uses now.
        await node(view).docker(
          "update",
          `--memory=${memory.before}`,
          `--memory-swap=${memory.before}`,
          name,
        );
        expect(await eat(200)).toBe(" 137\n");
      },
    );
  },
);

describe("limits of the machine file", () => {
  const [view = "v2"] = views;
  const io = controllersOf(view).has("io") ? "io" : "blkio";
  afterEach(async () => {
    if (canLimit[view]) await removeAll(node(view));
  });

  test.skipIf(!canHaveEngines || !controllersOf(view).has(io) || device === undefined)(
    "berth up hands processors and rates to the engine (needs root, an I/O controller and a disk)",
    async () => {
      const rates = { read_bps: 40 * mebibyte, write_bps: 80 * mebibyte, read_iops: 4000, write_iops: 8000 };
      const flags = Object.entries(rates).map(
        ([key, rate]) => `--device-${key.replace("_", "-")} ${device?.path}:${rate}`,
      );
      const up = await node(view).berth(
        `up box --image bookworm --profile strict --cpuset-cpus 0 ${flags.join(" ")}`,
      );
      expect([up.status, up.stderr]).toEqual([0, expect.any(String)]);
      const set = await Promise.all(
        Object.keys(rates).map((key) =>
          cgroupFile(node(view), "box", io, { v1: `blkio.throttle.${key}_device`, v2: "io.max" }),
        ),
      );
      const { read_bps, write_bps, read_iops, write_iops } = rates;
      const all = `rbps=${read_bps} wbps=${write_bps} riops=${read_iops} wiops=${write_iops}`;
      expect(set.map((text) => text.trim())).toEqual(
        Object.values(rates).map((rate) => `${device?.number} ${io === "io" ? all : rate}`),
      );
      expect(await inside(node(view), "box", "nproc")).toBe("1");
    },
  );
});

/** Whether an engine of this view can limit anything that is tried here. */
function hasControllers(view: View): boolean {
  return (
    canHaveEngines && ["memory", "pids", "cpu", "io", "blkio"].some((name) => controllersOf(view).has(name))
  );
}

/** The controllers that an engine of this view has. */
function controllersOf(view: View): ReadonlySet<string> {
  const mounts = parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"), mayBeOf("cgroup"));
  const unified = mounts.find(({ type }) => type === "cgroup2")?.point;
  if (view === "hybrid" && unified !== "/sys/fs/cgroup") {
    const hierarchies = mounts.filter(({ type }) => type === "cgroup");
    return new Set(hierarchies.flatMap(({ options }) => options.split(",")));
  }
  const file = unified === undefined ? undefined : `${unified}/cgroup.controllers`;
  return new Set(file !== undefined && existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : []);
}

/** Processor time that a machine has used. */
async function usedSeconds(engine: Node, name: string): Promise<number> {
  const text = await cgroupFile(
    engine,
    name,
    hasHybrid && controllersOf("hybrid").has("cpuacct") ? "cpuacct" : "cpu",
    {
      v1: "cpuacct.usage",
      v2: "cpu.stat",
    },
  );
  return text.includes("usage_usec") ? statOf(text, "usage_usec") / 1e6 : Number(text) / 1e9;
}

function statOf(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1]);
}

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { dist } from "#support/berth.ts";
import {
  lxcfsDirectory as directory,
  endLxcfs,
  hasLxcfs,
  mountUsers,
  removeLxcfs,
  startLxcfs,
} from "#support/lxcfs.ts";
import { booted, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

const canHaveLxcfs = canHaveEngines && hasLxcfs;
const node = useNodes({
  nodes: canHaveLxcfs ? { one: {} } : {},
  images: { bookworm: () => labImage("bookworm") },
});
const profiles = ["strict", "full"] as const;
const small = ["--memory=256m", "--cpuset-cpus=0", "-e", "BERTH_LXCFS=1"];
const memory = "MemTotal:         262144 kB";

describe.skipIf(!canHaveLxcfs)(
  "lxcfs (needs root, lxcfs, /dev/fuse and a memory controller in cgroup v1)",
  () => {
    afterEach(() => removeAll(node("one")));

    test("a machine that asks for it on a host without it is refused, and the remedy is told", async () => {
      await removeLxcfs(node("one"));
      const refused = await node("one").tryDocker(
        "run",
        "-d",
        "-t",
        "--runtime=berth",
        "--name",
        "none",
        ...small,
        "bookworm",
      );
      expect(refused.status).toBe(125);
      expect(refused.stderr).toContain(
        "lxcfs does not run on this host; start it (apt-get install lxcfs; systemctl start lxcfs)",
      );
      const up = await node("one").berth("up box --image bookworm --lxcfs");
      expect([up.status, up.stderr]).toEqual([1, expect.stringContaining("apt-get install lxcfs")]);
    });

    test("a wish that is neither yes nor no is refused", async () => {
      const wrong = await node("one").tryDocker(
        "run",
        "-d",
        "-t",
        "--runtime=berth",
        "--name",
        "none",
        "-e",
        "BERTH_LXCFS=yes",
        "bookworm",
      );
      expect([wrong.status, wrong.stderr]).toEqual([
        125,
        expect.stringContaining('invalid BERTH_LXCFS "yes" (0 or 1)'),
      ]);
    });

    describe("where it runs", () => {
      let lxcfs: ChildProcess | undefined;
      beforeAll(async () => {
        if (canHaveLxcfs) lxcfs = await startLxcfs(node("one"));
      });
      afterAll(async () => {
        if (lxcfs !== undefined) await endLxcfs(node("one"), lxcfs);
      });

      test.each(profiles)("a machine (%s) sees its own memory, processors, age and load", async (profile) => {
        const one = node("one");
        await runMachine(one, "box", "bookworm", ...small, "-e", `BERTH_PROFILE=${profile}`);
        expect(await booted(one, "box")).toBe("running");
        expect(
          await inside(
            one,
            "box",
            "head -n 1 /proc/meminfo; cat /sys/devices/system/cpu/online; grep -c ^processor /proc/cpuinfo",
          ),
        ).toBe(`${memory}\n0\n1`);
        expect((await inside(one, "box", "grep -E '^cpu[0-9]' /proc/stat")).split("\n").length).toBe(1);
        const [age = NaN] = (await inside(one, "box", "cat /proc/uptime")).split(" ").map(Number);
        expect(age).toBeLessThan(Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]));
        expect(age).toBeLessThan(patient(60));
        // A service sees the same.
        const show = "systemd-run --pipe --wait --quiet --collect head -n 1 /proc/meminfo";
        expect(await inside(one, "box", show)).toBe(memory);
        expect(await inside(one, "box", "tr '\\0' '\\n' </proc/1/environ | grep BERTH_ || true")).toBe("");
        expect(placesOf(await lxcfsMounts(one, "box")).size).toBe(8);
      });

      test("nobody has it who does not ask", async () => {
        await runMachine(node("one"), "box", "bookworm", "--memory=256m");
        await runMachine(node("one"), "off", "bookworm", "-e", "BERTH_LXCFS=0");
        for (const name of ["box", "off"]) {
          expect(await booted(node("one"), name)).toBe("running");
          expect(await lxcfsMounts(node("one"), name)).toEqual([]);
        }
      });

      test("berth up asks by --lxcfs", async () => {
        const up = await node("one").berth("up box --image bookworm --lxcfs --memory 256M");
        expect([up.status, up.stderr]).toEqual([0, expect.any(String)]);
        expect(await inside(node("one"), "box", "head -n 1 /proc/meminfo")).toBe(memory);
        expect((await node("one").berth("down --yes box")).status).toBe(0);
      });

      test.each(profiles)("after a restart of lxcfs a machine (%s) sees itself again", async (profile) => {
        const one = node("one");
        await runMachine(one, "box", "bookworm", ...small, "-e", `BERTH_PROFILE=${profile}`);
        // Not a machine: none of berth's business.
        const bind = `${directory}/proc/meminfo:/proc/meminfo`;
        await one.docker(
          "run",
          "-d",
          "--runtime=runc",
          "--name",
          "other",
          "-v",
          bind,
          "bookworm",
          "sleep",
          "600",
        );
        expect(await booted(one, "box")).toBe("running");
        // In a full machine this service has a mount namespace of its own.
        await inside(
          one,
          "box",
          "systemd-run --quiet --unit=private --property=Type=exec --property=PrivateTmp=yes sleep 600",
        );
        const inService = "nsenter --mount=/proc/$(systemctl show -P MainPID private)/ns/mnt";
        const service = `${inService} head -n 1 /proc/meminfo`;
        // What is mounted in the machine shows there, too: to renew both at once may leave two, one over the
        // other.
        if (profile === "full")
          await inside(one, "box", `${inService} mount --bind /proc/meminfo /proc/meminfo`);
        for (const time of ["once", "twice"]) {
          if (lxcfs !== undefined) await endLxcfs(one, lxcfs);
          const dead = await one.tryDocker("exec", "box", "cat", "/proc/meminfo", "/proc/uptime");
          expect([
            time,
            dead.status,
            dead.stderr.match(/Transport endpoint is not connected/g)?.length,
          ]).toEqual([time, 1, 2]);
          lxcfs = await startLxcfs(one);
          const renewed = await one.run(`${dist}/berth`, "runtime", "lxcfs");
          expect(renewed.stdout).toContain("mounted lxcfs anew");
          expect(
            await inside(one, "box", "head -n 1 /proc/meminfo; cat /sys/devices/system/cpu/online"),
          ).toBe(`${memory}\n0`);
          if (profile === "full") expect(await inside(one, "box", service)).toBe(memory);
          const mounts = await lxcfsMounts(one, "box");
          expect(placesOf(mounts).size).toBe(8);
          for (const mount of mounts) expect(mount).toMatch(/ ro,nosuid,nodev,noexec/);
          expect(await one.tryDocker("exec", "other", "cat", "/proc/meminfo")).toMatchObject({
            status: 1,
            stderr: expect.stringContaining("Transport endpoint is not connected"),
          });
          // Nothing is left to do.
          expect((await one.run(`${dist}/berth`, "runtime", "lxcfs")).stdout).toBe("");
        }
        expect(await inside(one, "box", "systemctl is-system-running")).toBe("running");
      });

      test.each(profiles)(
        "what a user of the host mounts under its name is not taken for it (%s)",
        async (profile) => {
          const one = node("one");
          const wishes = [...small, "-e", `BERTH_PROFILE=${profile}`];
          await runMachine(one, "box", "bookworm", ...wishes);
          expect(await booted(one, "box")).toBe("running");
          if (lxcfs !== undefined) await endLxcfs(one, lxcfs);
          lxcfs = await startLxcfs(one);
          const unmountUsers = await mountUsers(one, "/run/users-lxcfs");
          try {
            expect((await one.run(`${dist}/berth`, "runtime", "lxcfs")).stdout).toContain(
              "mounted lxcfs anew",
            );
            await runMachine(one, "other", "bookworm", ...wishes);
            expect(await booted(one, "other")).toBe("running");
            for (const name of ["box", "other"])
              expect(await inside(one, name, "head -n 1 /proc/meminfo")).toBe(memory);
          } finally {
            await unmountUsers();
          }
        },
      );

      test("a machine whose root has mounted something over /proc hinders no other", async () => {
        const one = node("one");
        for (const name of ["bad", "box"])
          await runMachine(one, name, "bookworm", ...small, "-e", "BERTH_PROFILE=full");
        for (const name of ["bad", "box"]) expect(await booted(one, name)).toBe("running");
        await inside(one, "bad", "mount -t tmpfs none /proc && ln -s /etc/passwd /proc/meminfo");
        if (lxcfs !== undefined) await endLxcfs(one, lxcfs);
        lxcfs = await startLxcfs(one);
        const renewed = await one.run(`${dist}/berth`, "runtime", "lxcfs");
        expect(renewed.stderr).toMatch(/^berth: the machine of process \d+ keeps its dead lxcfs: openat2/);
        expect(await inside(one, "box", "head -n 1 /proc/meminfo")).toBe(memory);
      });

      test("a mount namespace is found by its next process when one ends meanwhile", async () => {
        const one = node("one");
        const place = dirname(one.configFile);
        // As berth-runtime makes it for a machine, as far as lxcfs goes.
        const mounts = `mount --bind /run/berth/runtime/x/host /run/host; mount --bind ${directory}/proc/uptime /proc/uptime`;
        const processes = `echo $$ >${place}/first; sleep 600 & echo $! >${place}/second; exec sleep 601`;
        const unshared = `unshare --mount --propagation private sh -ec '${mounts}; ${processes}' >/dev/null 2>&1 </dev/null &`;
        await one.run("sh", "-c", `mkdir -p /run/berth/runtime/x/host /run/host; ${unshared}`);
        const second = await waitFor(
          "it is made",
          async () => (await one.run("sh", "-c", `cat ${place}/second || true`)).stdout.trim() || undefined,
        );
        const program = join(place, "ends-first");
        const lines = [
          "#!/bin/sh",
          `read -r first <${place}/first`,
          `if [ "$3" = "$first" ]; then kill -KILL "$first"; while [ -e "/proc/$first/ns/mnt" ]; do sleep 0.01; done; fi`,
          `exec ${dist}/berth "$@"`,
        ];
        await writeFile(program, `${lines.join("\n")}\n`, { mode: 0o755 });
        if (lxcfs !== undefined) await endLxcfs(one, lxcfs);
        lxcfs = await startLxcfs(one);
        const source = `const { renewMachinesLxcfs } = await import(${JSON.stringify(import.meta.resolve("#ops/runtime/renew-lxcfs.ts"))});
        console.log(JSON.stringify(await renewMachinesLxcfs(${JSON.stringify(program)})));`;
        const renewed = JSON.parse((await one.run(process.execPath, "-e", source)).stdout);
        expect(renewed).toEqual({ renewed: 1, warnings: [] });
        expect(
          (await one.run("nsenter", `--mount=/proc/${second}/ns/mnt`, "cat", "/proc/uptime")).stdout,
        ).toMatch(/^\d+\.\d+ \d+\.\d+$/m);
        await one.run("kill", second);
      });

      test("a reload of lxcfs (SIGUSR1) leaves machines as they are", async () => {
        const one = node("one");
        await runMachine(one, "box", "bookworm", ...small);
        expect(await booted(one, "box")).toBe("running");
        const before = await lxcfsMounts(one, "box");
        await one.run("sh", "-c", "kill -USR1 $(cat /run/lxcfs.pid)");
        for (let time = 0; time < 5; time += 1)
          expect(await inside(one, "box", "head -n 1 /proc/meminfo")).toBe(memory);
        expect(await lxcfsMounts(one, "box")).toEqual(before);
        expect((await one.run(`${dist}/berth`, "runtime", "lxcfs")).stdout).toBe("");
        expect(await lxcfsMounts(one, "box")).toEqual(before);
      });
    });
  },
);

/** /sys is mounted over itself in an isolated machine, with what is mounted in it. */
const placesOf = (mounts: readonly string[]) => new Set(mounts.map((line) => line.split(" ")[4]));

/** The mounts of lxcfs in a machine, as its mountinfo has them. */
async function lxcfsMounts(one: Node, name: string): Promise<readonly string[]> {
  const { pid } = await stateOf(one, name);
  const { stdout } = await one.run("cat", `/proc/${pid}/mountinfo`);
  return stdout.split("\n").filter((line) => line.includes(" - fuse.lxcfs "));
}

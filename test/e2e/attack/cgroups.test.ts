import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "#host/process/lock.ts";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { attackFrom, attackFromHost, bootBoth, mighty, prisoner, systemCalls } from "#support/attack.ts";
import { dist } from "#support/berth.ts";
import { blockDevice } from "#support/block-device.ts";
import { booted, inside, removeContainers, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { hasHybrid, type View, views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
const disk = await blockDevice();
const hierarchies = {
  hybrid: ["memory", "pids", "devices", "cpu", "cpuset", "freezer", "blkio", "none,name=systemd"],
  v2: [],
} as const;

/**
 * Everything of the cgroups that a machine can mount, below /run/cg: what is there already and what is
 * mounted anew, all writable if it may.
 */
const mountAll = (view: View) => `
  mkdir -p /run/cg/v2 /run/cg/inner
  for point in $(grep -E ' - cgroup2? ' /proc/self/mountinfo | cut -d' ' -f5 | sort -u); do mount -o remount,bind,rw "$point" 2>/dev/null; done
  mount -t cgroup2 cgroup2 /run/cg/v2 || refused "mounting cgroup2" "no"
  ${hierarchies[view].map((name) => `mkdir -p /run/cg/${name} && { mount -t cgroup -o ${name} cgroup /run/cg/${name} || refused "mounting ${name}" "no"; }`).join("\n")}`;
const unmountAll = 'for point in /run/cg/*; do umount "$point" 2>/dev/null; done';

/** What there still is of a container. Others' cgroups go meanwhile, which find(1) calls a failure. */
async function leftOf(engine: Node, id: string): Promise<string> {
  return (await engine.run("sh", "-c", `find /sys/fs/cgroup /run/berth -name '*${id}*' 2>/dev/null || :`))
    .stdout;
}

describe.skipIf(!canHaveEngines)("attacks by cgroups (needs root)", () => {
  beforeAll(() => {
    const limits = ["--memory=400m", "--pids-limit=700"];
    return Promise.all(
      views.map((view) => bootBoth(node(view), "bookworm", ...(view === "hybrid" ? limits : []))),
    ).then(() => undefined);
  }, patient(60_000));

  test.each(views)("on %s it can set none of its own limits", async (view) => {
    const list = `
      for file in /sys/fs/cgroup/* /sys/fs/cgroup/*/* /run/cg/*/*; do
        case $file in */system.slice/* | */init.scope/* | */user.slice/*) continue ;; esac
        [ -f "$file" ] && ( : >>"$file" ) 2>/dev/null && got "\${file##*/}"
      done
      got end`;
    const shell = `${mountAll(view)}\n${list}\n${unmountAll}`;
    const attacker = await attackFrom(node(view), prisoner, { shell });
    expect(attacker.refused).toEqual({});
    // What it needs to arrange its own processes, of its own two hierarchies alone.
    expect([...new Set(attacker.got)].toSorted()).toEqual(
      view === "v2"
        ? ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "end"]
        : ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "end", "tasks"],
    );
    const control = (await attackFrom(node(view), mighty, { shell })).got;
    const limits =
      view === "v2"
        ? ["cgroup.max.descendants", "cgroup.kill"]
        : ["memory.limit_in_bytes", "pids.max", "devices.allow"];
    expect(control).toEqual(expect.arrayContaining(limits));
  });

  test.skipIf(!hasHybrid)(
    "whatever it does with the controllers, its processes stay below what the host gave it (needs cgroup v1)",
    async () => {
      const shell = `
      ${mountAll("hybrid")}
      for name in memory pids devices cpu; do
        for file in /sys/fs/cgroup/$name/tasks /run/cg/$name/cgroup.procs; do try "$file" sh -c 'echo 0 >"$1"' sh "$file"; done
        try "a child of $name" mkdir /run/cg/$name/child
        rmdir /run/cg/$name/child 2>/dev/null
      done
      ${unmountAll}`;
      const attacker = await attackFrom(node("hybrid"), prisoner, { shell });
      // They are its own subtrees, to share out among its services.
      expect(attacker.refused).toEqual({});
      expect(attacker.got).toHaveLength(12);
      const engine = node("hybrid");
      const id = (await engine.docker("inspect", "--format", "{{.Id}}", prisoner)).stdout.trim();
      const processes = async () => {
        const { stdout } = await engine.docker("top", prisoner, "-eo", "pid");
        return stdout
          .trim()
          .split("\n")
          .slice(1)
          .map((pid) => pid.trim());
      };
      const pids = await processes();
      const { stdout } = await engine.run(
        "sh",
        "-c",
        `grep -s '' ${pids.map((pid) => `/proc/${pid}/cgroup`).join(" ")} || true`,
      );
      // Those that were there all the time: one that is ending has left its cgroups before its number is free.
      const lasting = new Set(await processes()).intersection(new Set(pids));
      expect(lasting.size).toBeGreaterThan(3);
      for (const pid of lasting) {
        const cgroups = stdout.split("\n").filter((line) => line.startsWith(`/proc/${pid}/`));
        expect(cgroups.length).toBeGreaterThan(5);
        expect(cgroups.filter((line) => !line.includes(`/${id}`))).toEqual([]);
      }
      expect((await attackFrom(node("hybrid"), mighty, { shell })).got).toHaveLength(12);
    },
  );

  /**
   * Processes in cgroups below each other, its init too; and one at large that freezes them again and again.
   */
  const freeze = () => `
      inner=/sys/fs/cgroup/freezer/x/y; mkdir -p $inner
      sleep 1000 & echo $! >$inner/cgroup.procs
      echo 1 >/sys/fs/cgroup/freezer/x/cgroup.procs
      for state in $inner/freezer.state /sys/fs/cgroup/freezer/x/freezer.state; do echo FROZEN >$state; done
      until grep FROZEN /sys/fs/cgroup/freezer/x/freezer.state; do sleep 0.1; done
      (while :; do echo FROZEN >/sys/fs/cgroup/freezer/x/freezer.state; done) >/dev/null 2>&1 &`;
  /** From here on it is in cgroups whose paths no call takes (PATH_MAX). */
  const deeply = (controller: string) => `
      cd /sys/fs/cgroup/${controller}; name=$(printf "%0200d" 1)
      for level in $(seq 24); do mkdir $name && cd -P $name; done`;
  /** The cgroup that it is frozen in has another name at each look. */
  const freezeRenamed = () => `
      cd /sys/fs/cgroup/freezer; mkdir -p a/inner
      sleep 1000 & echo $! >a/inner/cgroup.procs; echo 1 >a/inner/cgroup.procs; echo FROZEN >a/inner/freezer.state
      until grep FROZEN a/inner/freezer.state; do sleep 0.1; done
      perl -e 'while (1) { rename "a", "b"; rename "b", "a" }' >/dev/null 2>&1 &`;
  const freezeDeeply = () => `
      ${deeply("freezer")}
      sleep 1000 & echo $! >cgroup.procs; echo 1 >cgroup.procs; echo FROZEN >freezer.state
      until grep FROZEN freezer.state; do sleep 0.1; done`;
  /** A read that takes nine minutes, and one at large that says so again and again. */
  const throttle = (disk: string, at = "cd /sys/fs/cgroup/blkio") => `
      mkdir /sys/fs/cgroup/blkio/cgroup.kill; ${at}; slow=x; mkdir -p $slow
      echo '${disk} 8' >$slow/blkio.throttle.read_bps_device
      sh -c "echo \\$\\$ >$slow/cgroup.procs; exec dd if=/usr/bin/perl of=/dev/null bs=4096 count=1 iflag=direct" >/dev/null 2>&1 &
      reader=$!
      until grep -q '^State:.D' /proc/$reader/status; do sleep 0.1; done
      (while :; do echo '${disk} 8' >$slow/blkio.throttle.read_bps_device; done) >/dev/null 2>&1 &
      echo WAITS`;
  const removals: readonly (readonly [
    string,
    (engine: Node, id: string) => Promise<{ readonly status: number; readonly stderr: string }>,
  ])[] = [
    ["docker's rm --force", (engine) => engine.docker("rm", "--force", "held")],
    // As containerd does for a shim that has died: without a kill before.
    [
      "the runtime's delete --force alone",
      async (engine, id) => {
        await engine.run(
          join(dist, "berth-runtime"),
          "--root=/run/docker/runtime-runc/moby",
          "delete",
          "--force",
          id,
        );
        await waitFor("the engine takes note", async () =>
          (await stateOf(engine, "held")).running ? undefined : true,
        );
        return engine.docker("rm", "held");
      },
    ],
  ];
  // containerd kills a delete that takes half a minute: its cgroups go all the same, and the next create clears
  // the rest.
  const expectNothingLeft = async (engine: Node, id: string) => {
    await waitFor("the removal of its cgroups", async () => !(await leftOf(engine, id)).includes("/sys/fs"));
    if ((await leftOf(engine, id)) !== "") {
      await runMachine(engine, "next", "bookworm");
      await removeContainers(engine, "next");
    }
    expect(await leftOf(engine, id)).toBe("");
  };
  const remove = async (hold: string, says: string, removal: (typeof removals)[number][1]) => {
    const engine = node("hybrid");
    const id = await runMachine(engine, "held", "bookworm", "-e", "BERTH_PROFILE=full");
    expect(await booted(engine, "held")).toBe("running");
    expect(await inside(engine, "held", hold)).toBe(says);
    expect(await removal(engine, id)).toMatchObject({ status: 0, stderr: "" });
    expect((await engine.docker("ps", "--all", "--quiet", "--no-trunc")).stdout).not.toContain(id);
    await expectNothingLeft(engine, id);
  };

  // With a controller given to cgroups below its own takes that no process, and the runtime puts a command
  // into init's.
  test(
    "on v2 a command that it freezes keeps no removal waiting for longer than a minute",
    async () => {
      const engine = node("v2");
      const remove = async (profile: string) => {
        const name = `frozen-${profile}`;
        const id = await runMachine(engine, name, "bookworm", "-e", `BERTH_PROFILE=${profile}`);
        expect(await booted(engine, name)).toBe("running");
        const freeze = `cd /sys/fs/cgroup; mkdir at; for pid in $$ $(cat cgroup.procs); do echo $pid >at/cgroup.procs; done 2>/dev/null
        read -r one rest <cgroup.controllers; echo +$one >cgroup.subtree_control
        (sleep 1; echo 1 >init.scope/cgroup.freeze) >/dev/null 2>&1 &`;
        await inside(engine, name, freeze);
        await sleep(2000);
        // When its client has gone, the engine first asks the command to end, then, after ten seconds, kills
        // it.
        const client = [
          "timeout",
          "-s",
          "KILL",
          "2",
          "docker",
          "--host",
          engine.socket,
          "exec",
          name,
          "true",
        ] as const;
        await engine.run("sh", "-c", '"$@" || [ "$?" -eq 137 ]', "sh", ...client);
        await sleep(11_000);
        expect(await engine.docker("rm", "--force", name)).toMatchObject({ status: 0, stderr: "" });
        expect(await leftOf(engine, id)).toBe("");
        expect((await engine.run("sh", "-c", `grep -l ${id} /proc/[0-9]*/cgroup || true`)).stdout).toBe("");
      };
      await Promise.all([remove("full"), remove("strict")]);
    },
    patient(150_000),
  );

  test.skipIf(!hasHybrid).each(removals)(
    "what it freezes it does not keep from being killed: by %s (needs cgroup v1)",
    (_, removal) => remove(freeze(), "FROZEN", removal),
  );

  test.skipIf(!hasHybrid).each(removals)(
    "nor in one that it renames all the time: by %s (needs cgroup v1)",
    (_, removal) => remove(freezeRenamed(), "FROZEN", removal),
  );

  test.skipIf(!hasHybrid).each(removals)(
    "nor in cgroups with paths that are too long: by %s (needs cgroup v1)",
    (_, removal) => remove(freezeDeeply(), "FROZEN", removal),
  );

  // A program for each of them would take minutes.
  const freezeFarBelow = () => `
      for controller in freezer cpu blkio devices; do
        perl -e 'chdir shift or die; for (1 .. 750) { mkdir "d" or die; chdir "d" or die }' /sys/fs/cgroup/$controller || exit
      done
      cd -P /sys/fs/cgroup/freezer/$(printf %0750d 0 | sed s:0:d/:g)
      sleep 1000 & echo $! >cgroup.procs; echo 1 >cgroup.procs; echo FROZEN >freezer.state
      until grep FROZEN freezer.state; do sleep 0.1; done`;
  test.skipIf(!hasHybrid).each(removals)(
    "nor in thousands of cgroups below each other: by %s (needs cgroup v1)",
    (_, removal) => remove(freezeFarBelow(), "FROZEN", removal),
    patient(60_000),
  );

  const noDisk = disk === undefined || !hasHybrid;
  test.skipIf(noDisk)("nor what waits by a limit in such cgroups (needs a disk, cgroup v1)", () =>
    remove(throttle(disk?.number ?? "", deeply("blkio")), "WAITS", removals[0]?.[1] as never),
  );

  test.skipIf(noDisk).each(removals)(
    "nor what waits for a disk by a limit of its own: by %s (needs a disk, cgroup v1)",
    (_, removal) => remove(throttle(disk?.number ?? ""), "WAITS", removal),
  );

  test.each(["full", "strict"])("on v2 as %s it makes so many cgroups and no more", async (profile) => {
    const engine = node("v2");
    await runMachine(engine, "crowd", "bookworm", "-e", `BERTH_PROFILE=${profile}`);
    expect(await booted(engine, "crowd")).toBe("running");
    const own = "find /sys/fs/cgroup -mindepth 1 -type d | wc -l";
    const flood =
      "cd /sys/fs/cgroup && seq --format=flood%g 3000 | xargs mkdir 2>&1 | sort --unique --field-separator=: --key=3";
    expect(await inside(engine, "crowd", flood)).toContain("Resource temporarily unavailable");
    expect(Number(await inside(engine, "crowd", own))).toBe(2000);
    const deep =
      "rmdir /sys/fs/cgroup/flood*; cd /sys/fs/cgroup; for level in $(seq 40); do mkdir x && cd x || break; done; pwd";
    expect((await inside(engine, "crowd", `(${deep}) 2>/dev/null`)).split("/x")).toHaveLength(15);
    await removeContainers(engine, "crowd");
  });

  test.skipIf(!hasHybrid)("nor of the cgroup2 beside v1 (needs cgroup v1)", async () => {
    const flood =
      "cd /sys/fs/cgroup/unified && seq --format=flood%g 3000 | xargs mkdir 2>/dev/null; find . -mindepth 1 -type d | wc -l; rmdir flood*";
    expect(await inside(node("hybrid"), prisoner, flood)).toBe("2000");
  });

  // v1 counts no cgroups, but the kernel takes the memory of each from its maker's: some 11 KiB on two
  // processors.
  test.skipIf(!hasHybrid)(
    "nor more memory cgroups of v1 than its memory limit pays for (needs cgroup v1)",
    async () => {
      const engine = node("hybrid");
      await runMachine(
        engine,
        "crowd",
        "bookworm",
        "-e",
        "BERTH_PROFILE=full",
        "--memory=64m",
        "--memory-swap=64m",
      );
      expect(await booted(engine, "crowd")).toBe("running");
      const flood = (count: number) =>
        engine.tryDocker(
          "exec",
          "crowd",
          "sh",
          "-c",
          `cd /sys/fs/cgroup/memory && mkdir flood && cd flood && seq ${count} | xargs mkdir && find . -mindepth 1 -type d | wc -l`,
        );
      expect((await flood(500)).stdout.trim()).toBe("500");
      await inside(engine, "crowd", "cd /sys/fs/cgroup/memory && find flood -depth -type d | xargs rmdir");
      expect((await flood(10_000)).stdout.trim()).not.toBe("10000");
      await removeContainers(engine, "crowd");
    },
  );

  test.each(views)("on %s it has the host run no release agent", async (view) => {
    // On a host with v1 hierarchies besides cgroup2 it may look at their root, so all are tried.
    const shell = `
      ${mountAll("hybrid").replaceAll('refused "mounting', ': "')}
      for file in $(find /run/cg /sys/fs/cgroup -name release_agent); do try "$file" sh -c ': >>"$1"' sh "$file"; done
      if mkdir -p /run/cg/own && mount -t cgroup -o none,name=berth-attack cgroup /run/cg/own 2>/dev/null; then
        try "a hierarchy of its own" sh -c ': >>/run/cg/own/release_agent'; umount /run/cg/own
      else refused "a hierarchy of its own" "cannot be mounted"; fi
      if unshare --cgroup --mount sh -c 'mount -t cgroup -o none,name=berth-attack cgroup /mnt' 2>/dev/null; then got "by unshare"
      else refused "by unshare" "cannot be mounted"; fi
      ${unmountAll}`;
    const attacker = await attackFrom(node(view), prisoner, { shell });
    expect(attacker.got).toEqual([]);
    expect(Object.keys(attacker.refused)).toEqual(
      expect.arrayContaining(["a hierarchy of its own", "by unshare"]),
    );
    const control = await attackFromHost(node(view), {
      shell: `mkdir -p /run/cg/own && mount -t cgroup -o none,name=berth-attack cgroup /run/cg/own
        try "a hierarchy of its own" sh -c ': >>/run/cg/own/release_agent'; umount /run/cg/own; rmdir /run/cg/own /run/cg`,
    });
    expect(control).toEqual({ got: ["a hierarchy of its own"], refused: {} });
  });

  test.each(views)("on %s it reads the name of no cgroup but its own", async (view) => {
    const shell = `
      ${mountAll(view)}
      unshare --cgroup --mount sh -c 'mount -t cgroup2 cgroup2 /run/cg/inner && find /run/cg/inner -type d' >/run/inner
      for path in $(find /sys/fs/cgroup /run/cg -type d) $(cat /run/inner); do
        case $path in *docker* | *berth-* | *[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]*) got "$path" ;; esac
      done
      try "its own" grep -q "" /run/inner
      ${unmountAll}`;
    expect(await attackFrom(node(view), prisoner, { shell })).toEqual({ got: ["its own"], refused: {} });
    const host =
      "find /sys/fs/cgroup -type d -name '*[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]' | grep -q . && got names; true";
    expect((await attackFromHost(node(view), { shell: host })).got).toEqual(["names"]);
  });

  test.each(views)("on %s it opens no cgroup above its own by a file handle", async (view) => {
    // The root of every hierarchy has the id 1; a handle of a cgroup is its id, of type FILEID_KERNFS.
    const point = view === "v2" ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
    const perl = `opendir(my $mount, "${point}") or die; my $handle = pack("Ll", 8, 0xfe) . pack("Q", 1);
      attempt("the root's handle", syscall(${systemCalls.open_by_handle_at}, fileno($mount), $handle, O_RDONLY));`;
    const attacker = await attackFrom(node(view), prisoner, { perl });
    expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({
      got: [],
      refused: ["the root's handle"],
    });
    expect((await attackFrom(node(view), mighty, { perl })).got).toEqual(["the root's handle"]);
  });

  test.each(views)(
    "on %s a command run in it leaves the host's cgroup2 as it is mounted, whatever is at its root",
    async (view) => {
      const engine = node(view);
      const point = view === "v2" ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
      const options = async () =>
        (await engine.run("sh", "-c", "grep ' - cgroup2 ' /proc/self/mountinfo | sed 's/.* //' | sort -u"))
          .stdout;
      // The device is named so that mount(8) adds none of the options there are.
      const remount = (flags: string) =>
        engine.run("mount", "-t", "cgroup2", "-o", `remount,${flags}`, "cgroup2", point);
      await runMachine(engine, "pivot", "bookworm", "-e", "BERTH_PROFILE=full");
      expect(await booted(engine, "pivot")).toBe("running");
      await engine.docker(
        "exec",
        "pivot",
        "sh",
        "-c",
        `mount --make-rprivate / && mkdir ${point}/old && cd ${point} && pivot_root . old`,
      );
      // The host has these flags but once, and another run of this test may be at them.
      await withLock("/run/lock/berth-test-cgroup2", undefined, async () => {
        const before = await options();
        expect(before.includes("memory_localevents")).toBe(false);
        // A flag that does nothing here stands for those that do, such as nsdelegate: a remount without flags
        // resets all of them.
        const isKept = async () => {
          await remount(`${before.trim()},memory_localevents`);
          const marked = await options();
          expect(marked).toContain("memory_localevents");
          await engine.tryDocker("exec", "pivot", "true");
          return (await options()) === marked;
        };
        try {
          // Another test's container with the host's cgroup namespace resets them too. A command that did so
          // would do it each time.
          const kept = [await isKept(), await isKept(), await isKept()];
          expect(kept).toContain(true);
        } finally {
          await remount(before.trim());
        }
        expect(await options()).toBe(before);
      });
      await removeContainers(engine, "pivot");
    },
  );
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { patient } from "#lab/wait-for.ts";
import {
  attackFrom,
  bootBoth,
  expectConfined,
  listHostFiles,
  mighty,
  prisoner,
  secret,
} from "#support/attack.ts";
import { booted, inside, removeContainers, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("attacks by files (needs root)", () => {
  /** A directory of the host's whose path leads nowhere inside a machine. */
  let directory: string;
  let before: readonly string[];
  beforeAll(async () => {
    directory = await mkdtemp("/var/tmp/berth-host-");
    await writeFile(join(directory, "letter"), `${secret}\n`);
    await writeFile(join(directory, "systemd"), "#!/bin/sh\n");
    await chmod(join(directory, "systemd"), 0o755);
    before = await listHostFiles(directory);
    await Promise.all(views.map((view) => bootBoth(node(view), "bookworm")));
  }, patient(60_000));
  afterEach(async () => {
    expect(await listHostFiles(directory)).toEqual([...before]);
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each(views)("on %s what berth shows in it stays as it is, also mounted writable", async (view) => {
    const places = {
      masks: "/run/systemd/system.attached",
      generators: "/run/systemd/system-generators",
      host: "/run/host",
    };
    const shell = Object.entries(places)
      .map(
        ([name, place]) => `
          mount -o remount,bind,rw ${place}
          try "${name} a new file" touch ${place}/berth-new
          rm -f ${place}/berth-new
          try "${name} its mode" chmod 755 ${place}
          file=$(find ${place} -maxdepth 1 ! -type d | head -1)
          try "${name} a rename" sh -c 'mv "$1" "$1.moved" && mv "$1.moved" "$1"' sh "$file"
          mount -o remount,bind,ro ${place}`,
      )
      .join("\n");
    const names = Object.keys(places).flatMap((name) =>
      ["a new file", "its mode", "a rename"].map((what) => `${name} ${what}`),
    );
    expectConfined(
      await attackFrom(node(view), prisoner, { shell }),
      await attackFrom(node(view), mighty, { shell }),
      names,
    );
  });

  test.each(views)("on %s docker cp follows no link out of it", async (view) => {
    const engine = node(view);
    await inside(
      engine,
      prisoner,
      `mkdir -p /root/c; cd /root/c; ln -sfn ${directory} way; ln -sf ${directory}/letter letter; ln -sfn ${"../".repeat(30)}${directory} up`,
    );
    const copies = ["way/letter", "letter", "up/letter", "way/."].map((path) =>
      engine.tryDocker("cp", "--follow-link", `${prisoner}:/root/c/${path}`, "-"),
    );
    for (const { status, stdout, stderr } of await Promise.all(copies)) {
      // Docker's words before and since 23.
      const nothing = /No such container:path: prisoner:|Could not find the file .* in container prisoner/;
      expect([status, stderr]).toEqual([1, expect.stringMatching(nothing)]);
      expect(stdout).not.toContain(secret);
    }
    const own = join(directory, "systemd");
    for (const path of ["way/new", "up/new", "letter", "way/"])
      await engine.tryDocker("cp", own, `${prisoner}:/root/c/${path}`);
    expect(await readFile(join(directory, "letter"), "utf8")).toBe(`${secret}\n`);
    // Links that stay inside are followed, so it is the way out that is barred.
    await inside(engine, prisoner, "echo inner >/root/c/inner; ln -sfn /root/c within");
    await inside(engine, prisoner, "ln -sfn /root/c /root/within");
    expect((await engine.docker("cp", `${prisoner}:/root/within/inner`, "-")).stdout).toContain("inner");
  });

  test.each(views)("on %s the programs of the engine cannot be written to from inside", async (view) => {
    const engine = node(view);
    const sums = async () => (await engine.run("sh", "-c", "sha256sum /usr/sbin/runc")).stdout;
    const was = await sums();
    // Of ten that run in it: holds the program, waits for its end, and opens that for writing.
    const perl = `my (%held, %seen, $got); my $end = time + ${patient(60)};
      sub overwrite { for my $program (values %held) { $got = 1 if sysopen(my $write, "/proc/self/fd/" . fileno($program), O_WRONLY); } }
      while (time < $end && (keys %seen < 10 || grep { -e "/proc/$_" } keys %seen)) {
        opendir(my $proc, "/proc") or die;
        for my $pid (grep { /^\\d+$/ } readdir $proc) {
          next if $held{$pid} || $pid == $$ || keys %seen == 10 && !$seen{$pid};
          open(my $name, "<", "/proc/$pid/comm") or next; my $command = <$name> // ""; next unless $command =~ /^(runc|exe$)/;
          $seen{$pid} = 1; open(my $program, "<", "/proc/$pid/exe") or next;
          $held{$pid} = $program if readlink("/proc/self/fd/" . fileno($program)) =~ /runc|memfd/;
        }
        overwrite();
      }
      overwrite();
      print "GOT sight of ten\\n" if keys %seen == 10; print "GOT write\\n" if $got;`;
    const watch = attackFrom(engine, prisoner, { perl });
    let isOver = false;
    const over = watch.finally(() => {
      isOver = true;
    });
    while (!isOver) await engine.docker("exec", prisoner, "true");
    expect((await over).got).toEqual(["sight of ten"]);
    expect(await sums()).toBe(was);
  });

  test.each(views)(
    "on %s no user of the host's reaches the set-user-id programs that a machine's root leaves",
    async (view) => {
      const engine = node(view);
      const shell =
        "for place in /root /volume; do cp /bin/bash $place/shell && chmod 4755 $place/shell && got $place; done";
      await runMachine(engine, "planter", "bookworm", "-e", "BERTH_PROFILE=full", "-v", "planted:/volume");
      expect(await booted(engine, "planter")).toBe("running");
      expect((await attackFrom(engine, "planter", { shell })).got).toEqual(["/root", "/volume"]);
      const look = async (format: string, ...names: readonly string[]) =>
        (await engine.docker(...names, "--format", format)).stdout.trim();
      const data = isVmHost ? "/var/lib/docker" : dirname(engine.configFile);
      const places = await Promise.all([
        look("{{.GraphDriver.Data.UpperDir}}/root", "inspect", "planter"),
        look("{{.Mountpoint}}", "volume", "inspect", "planted"),
      ]);
      for (const place of places) {
        // From within the engine's directory: the way to it is barred in a lab, but not on a host.
        const use = `sh -c "exec ${relative(data, place)}/shell -p -c 'id -u'"`;
        const run = (user: string) =>
          engine.run("sh", "-c", `cd ${data} && ${user} ${use} 2>/dev/null || echo refused`);
        expect((await run("setpriv --reuid 65534 --regid 65534 --clear-groups")).stdout).toBe("refused\n");
        // It is on disk as the host's root's, and it works: what guards it is the engine's directory.
        expect((await run("")).stdout).toBe("0\n");
        expect((await stat(join(`/proc/${engine.pid}/root`, place, "shell"))).mode & 0o7777).toBe(0o4755);
      }
      await removeContainers(engine, "planter");
      // Of what berth mounts and writes nothing is in the way of the host's users.
      expect(
        (await engine.run("sh", "-c", "grep -E ' /run/berth/runtime' /proc/self/mountinfo || true")).stdout,
      ).toBe("");
      const writable =
        "setpriv --reuid 65534 --regid 65534 --clear-groups find /run/berth -writable ! -type l 2>/dev/null; true";
      expect((await engine.run("sh", "-c", writable)).stdout).toBe("");
    },
  );
});

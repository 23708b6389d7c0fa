import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import {
  attackFrom,
  attackFromHost,
  bootBoth,
  hostFacts,
  mighty,
  prisoner,
  systemCalls,
} from "#support/attack.ts";
import { idsOf, takenSlots } from "#support/isolated.ts";
import { booted, inside, removeContainers, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { hasHybrid, views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
/** Seconds to sleep, by which the processes that are to be left alone are told from others. */
const sleepers = { host: "345678", neighbour: "345679" };

describe.skipIf(!canHaveEngines)("attacks on what is outside of the namespaces (needs root)", () => {
  const hostSleepers = new Map<string, string>();
  beforeAll(async () => {
    await Promise.all(
      views.map(async (view) => {
        await bootBoth(node(view), "bookworm");
        await runMachine(node(view), "neighbour", "bookworm", "-e", "BERTH_PROFILE=full");
        expect(await booted(node(view), "neighbour")).toBe("running");
        await inside(
          node(view),
          "neighbour",
          `systemd-run --service-type=exec --unit=sentinel sleep ${sleepers.neighbour}`,
        );
        const { stdout } = await node(view).run(
          "sh",
          "-c",
          `sleep ${sleepers.host} >/dev/null 2>&1 & echo $!`,
        );
        hostSleepers.set(view, stdout.trim());
      }),
    );
  }, patient(80_000));
  afterAll(async () => {
    for (const [view, pid] of hostSleepers) await node(view).run("kill", pid);
  });

  test.skipIf(!hasHybrid)(
    "it has the ids of no other machine on the host, whichever engine that is of, nor its counts (needs two engines)",
    async () => {
      const same = ["-e", "BERTH_PROFILE=full", "-e", "container_uuid=12345678-1234-4234-8234-123456789abc"];
      for (const view of views) await runMachine(node(view), "twin", "bookworm", ...same);
      const [one, other] = await Promise.all(views.map((view) => idsOf(node(view), "twin")));
      expect(one?.base).toBeGreaterThanOrEqual(2_000_224_256);
      expect(Math.abs((one?.base ?? 0) - (other?.base ?? 0))).toBeGreaterThanOrEqual(65_536);
      // prisoner, neighbour and this one: each engine has its own down and the other's besides.
      for (const view of views) {
        expect(await takenSlots(node(view))).toHaveLength(3);
        await removeContainers(node(view), "twin");
      }
    },
  );

  test.each(views)(
    "on %s it sees and signals no process of the host's or of another machine",
    async (view) => {
      const perl = `my %found;
      for my $pid (1 .. 70000) {
        next unless kill 0, $pid;
        open(my $file, "<", "/proc/$pid/cmdline") or next;
        my $line = <$file> // "";
        $found{"signal to $1"} = 1 if $line =~ m{^(?:/usr/bin/)?sleep\\0(\\d+)};
      }
      opendir(my $proc, "/proc") or die;
      $found{"sight of $_"} = 1 for map { \`cat /proc/$_/cmdline 2>/dev/null\` =~ m{^(?:/usr/bin/)?sleep\\0(\\d+)} ? $1 : () } grep { /^\\d+$/ } readdir $proc;
      print "GOT $_\\n" for sort keys %found; print "GOT end\\n";`;
      expect((await attackFrom(node(view), prisoner, { perl })).got).toEqual(["end"]);
      const all = Object.values(sleepers);
      const expected = ["end", ...all.flatMap((seconds) => [`signal to ${seconds}`, `sight of ${seconds}`])];
      expect((await attackFromHost(node(view), { perl })).got.toSorted()).toEqual(expected.toSorted());
    },
  );

  test.each(views)("on %s it enters no namespace of the host's", async (view) => {
    // NS_GET_USERNS and NS_GET_PARENT, ioctl_ns(2).
    const perl = `
      sub enter { my ($name, $kind, $request) = @_; open(my $own, "<", "/proc/self/ns/$kind") or die;
        my $fd = ioctl($own, $request, 0); attempt($name, defined $fd ? 1 : -1); }
      enter("the parent user namespace", "user", 0xb702);
      enter("the parent PID namespace", "pid", 0xb702);
      enter("the user namespace that owns the time", "time", 0xb701);
      open(my $time, "<", "/proc/self/ns/time") or die;
      attempt("the host's time", syscall(${systemCalls.setns}, fileno($time), 0));`;
    const attacker = await attackFrom(node(view), prisoner, { perl });
    const names = [
      "the parent user namespace",
      "the parent PID namespace",
      "the user namespace that owns the time",
      "the host's time",
    ];
    expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({ got: [], refused: names });
    // A process of the host's sees what is below its namespaces, and may enter its own time.
    expect((await attackFrom(node(view), mighty, { perl })).got).toEqual(names.slice(2));
    const own = {
      shell: "for kind in user pid mnt net uts ipc cgroup; do got $(readlink /proc/1/ns/$kind); done",
    };
    const [theirs, hosts, neighbours] = await Promise.all([
      attackFrom(node(view), prisoner, own),
      attackFromHost(node(view), own),
      attackFrom(node(view), "neighbour", own),
    ]);
    expect(theirs.got.filter((name) => hosts.got.includes(name) || neighbours.got.includes(name))).toEqual(
      [],
    );
    expect(theirs.got).toHaveLength(7);
  });

  test.each(views)("on %s its own user namespaces hold no ids but its own", async (view) => {
    const shell = `
      map() { unshare --user sleep 20 & pid=$!
        until [ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ] && grep -q sleep /proc/$pid/cmdline; do sleep 0.02; done
        try "$1" sh -c 'echo "$1" >/proc/$2/uid_map' sh "$2" $pid
        kill $pid; }
      map "own ids" "0 0 65536"
      map "an id beyond" "0 65536 1"
      map "one too many" "0 0 65537"
      map "the host's root" "0 1879048192 1"`;
    const attacker = await attackFrom(node(view), prisoner, { shell });
    const beyond = ["an id beyond", "one too many", "the host's root"];
    expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({
      got: ["own ids"],
      refused: beyond,
    });
    expect((await attackFrom(node(view), mighty, { shell })).got).toEqual(["own ids", ...beyond]);
  });

  test.each(views)("on %s machines have ids that nobody else has", async (view) => {
    const bases = await Promise.all(
      [prisoner, "neighbour"].map((name) =>
        inside(node(view), name, "cat /proc/self/uid_map /proc/self/gid_map"),
      ),
    );
    for (const base of bases) expect(base).toMatch(/^ +0 +(\d{10}) +65536\n +0 +\1 +65536$/);
    expect(bases[0]).not.toBe(bases[1] ?? "");
  });

  test.each(views)("on %s reboot(2) ends the machine at most", async (view) => {
    const engine = node(view);
    const before = await hostFacts(engine);
    // The kernel keeps even the mighty one to its own PID namespace.
    for (const flags of view === "v2"
      ? [["-e", "BERTH_PROFILE=full"]]
      : [["-e", "BERTH_PROFILE=full"], ["--privileged"]]) {
      await runMachine(engine, "rebooter", "bookworm", ...flags);
      expect(await booted(engine, "rebooter")).toBe("running");
      await engine.tryDocker("exec", "rebooter", "systemctl", "reboot", "--force", "--force");
      if (flags.includes("--privileged"))
        await waitFor("it ends", async () =>
          (await stateOf(engine, "rebooter")).running ? undefined : true,
        );
      await removeContainers(engine, "rebooter");
    }
    expect(await hostFacts(engine)).toEqual(before);
    const alive = await engine.run("sh", "-c", `cat /proc/${hostSleepers.get(view)}/cmdline | tr '\\0' ' '`);
    expect(alive.stdout).toBe(`sleep ${sleepers.host} `);
    expect(await inside(engine, "neighbour", "systemctl is-active sentinel")).toBe("active");
  });
});

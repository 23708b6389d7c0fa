import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { booted, inside, removeAll, runMachine } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { runtime: {}, plain: { runtime: false } },
  images: { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") },
});

const mebibyte = 1024 ** 2;
const memory = 128 * mebibyte;
const limit = [`--memory=${memory}`, `--memory-swap=${memory}`];
/** The hybrid view has the memory controller of cgroup v1 where that is not cgroup2's. */
const lacksMemory =
  !canHaveEngines || !/ - cgroup \S+ \S*\bmemory\b/.test(readFileSync("/proc/self/mountinfo", "utf8"));

/** Who a machine is for, not its root. */
const asUser = "setpriv --reuid=1000 --regid=1000 --clear-groups";
const stateOf = async (engine: Node, name: string) =>
  (await engine.docker("inspect", "--format", "{{.State.Status}} {{.State.OOMKilled}}", name)).stdout.trim();

/**
 * What a user's files in memory can take: as many links of long names as there may be, and one file of all
 * bytes.
 */
const fill = `
  my @places = @ARGV;
  for my $place (@places) {
    open(my $file, ">", "$place/big") or die "$place: $!";
    my ($count, $long) = (0, "n" x 200);
    $count++ while symlink("t" x 100, "$place/$long$count");
    print "$place: $!, ";
    1 while defined syswrite($file, "\\0" x 65536);
    print "$!\\n";
  }`;
const full = (place: string) => `${place}: No space left on device, No space left on device`;

describe.each([
  ["bookworm", "full"],
  ["bookworm", "strict"],
  ["trixie", "full"],
  ["trixie", "strict"],
] as const)("a user in a machine of %s as %s with 128 MiB", (image, profile) => {
  const name = `${image}-${profile}`;
  const engine = () => node("runtime");
  const shared = ["/tmp", "/dev/shm", "/run/lock"];
  const places = [...shared, "/run/user/1000"];

  beforeAll(async () => {
    if (lacksMemory) return;
    await runMachine(engine(), name, image, ...limit, "-e", `BERTH_PROFILE=${profile}`);
    expect(await booted(engine(), name)).toBe("running");
    // As who logs in has it. The directory for locks is everybody's on a Debian.
    const holder =
      "systemd-run --quiet --unit=session -p Requires=user-runtime-dir@1000.service -p After=user-runtime-dir@1000.service";
    await inside(engine(), name, `useradd --uid 1000 user; chmod 1777 /run/lock; ${holder} sleep infinity`);
    await waitFor("the user's directory", async () =>
      (await engine().tryDocker("exec", name, "test", "-d", "/run/user/1000")).status === 0
        ? true
        : undefined,
    );
  });
  afterAll(async () => {
    if (!lacksMemory) await removeAll(engine());
  });

  const alive = async () => {
    expect(await stateOf(engine(), name)).toBe("running false");
    // systemd wants room in /run for this.
    expect(await inside(engine(), name, "systemctl daemon-reload && systemctl is-system-running")).toBe(
      "running",
    );
  };
  const filled = (...targets: readonly string[]) =>
    inside(engine(), name, `${asUser} perl -e '${fill}' ${targets.join(" ")}`);
  const emptied = () => inside(engine(), name, `find ${places.join(" ")} -mindepth 1 -user user -delete`);

  test.skipIf(lacksMemory)(
    "fills each place, and is told that it is full (needs root, a memory controller)",
    async () => {
      for (const place of places) {
        expect(await filled(place)).toBe(full(place));
        await alive();
        await emptied();
      }
    },
  );

  test.skipIf(lacksMemory)(
    "fills all of them at once, with bytes and with empty files (needs root, a memory controller)",
    async () => {
      expect((await filled(...places)).split("\n")).toEqual(places.map(full));
      await alive();
      await emptied();
    },
  );

  test.skipIf(lacksMemory)(
    "fills a journal that is kept in memory (needs root, a memory controller)",
    async () => {
      await inside(engine(), name, "rm -rf /var/log/journal && systemctl restart systemd-journald");
      // Random, since journald compresses; of long lines, since each costs time.
      const flood = "head -c 150000000 /dev/urandom | base64 --wrap=40000";
      await inside(engine(), name, `${flood} | ${asUser} systemd-cat --identifier=flood`);
      const used = Number(await inside(engine(), name, "du --bytes --summarize /run/log | cut -f1"));
      expect(used).toBeGreaterThan(mebibyte);
      expect(used).toBeLessThan(8 * mebibyte);
      await alive();
    },
  );
});

describe("what is asked for", () => {
  afterAll(async () => {
    if (canHaveEngines) for (const name of ["runtime", "plain"]) await removeAll(node(name));
  });
  const sizes = async (engine: Node, name: string, ...places: readonly string[]) =>
    (await inside(engine, name, `df --output=target,size,itotal ${places.join(" ")} | tail -n +2`))
      .split("\n")
      .map((line) => line.split(/\s+/));

  test.skipIf(!canHaveEngines)(
    "docker run: sizes of /dev/shm and of tmpfs are honoured, and others have an end (needs root)",
    async () => {
      const tmpfs = ["--tmpfs=/tmp:size=64m,exec,mode=1777", "--tmpfs=/srv"];
      await runMachine(node("runtime"), "asked", "bookworm", "--shm-size=1g", ...tmpfs);
      expect(await booted(node("runtime"), "asked")).toBe("running");
      expect(
        (await sizes(node("runtime"), "asked", "/dev/shm", "/tmp")).map(([target, size, files]) => [
          target,
          size,
          files,
        ]),
      ).toEqual([
        ["/dev/shm", String(2 ** 20), String(2 ** 17)],
        ["/tmp", String(2 ** 16), String(2 ** 13)],
      ]);
      const [[, srv] = []] = await sizes(node("runtime"), "asked", "/srv");
      const total = Number(
        await inside(node("runtime"), "asked", "sed -n 's/^MemTotal: *\\([0-9]*\\) kB$/\\1/p' /proc/meminfo"),
      );
      expect(Number(srv) / total).toBeCloseTo(0.5, 3);
      await runMachine(node("runtime"), "exactly", "bookworm", "--tmpfs=/dev/shm:size=64m");
      expect(await sizes(node("runtime"), "exactly", "/dev/shm")).toEqual([
        ["/dev/shm", String(2 ** 16), String(2 ** 13)],
      ]);
    },
  );

  test.skipIf(!canHaveEngines).each(["runtime", "plain"])(
    "berth up, engine: %s (needs root)",
    async (name) => {
      const engine = node(name);
      const machine = `mem-${name}-${process.pid}`;
      const flags = [
        "--shm-size",
        "96M",
        "--tmpfs",
        "/tmp:size=64m",
        "--tmpfs",
        "/srv/cache:size=1m,mode=700",
      ];
      const { status, stderr } = await engine.berth(["up", machine, "--image", "bookworm", ...flags]);
      expect([status, stderr]).toEqual([0, expect.any(String)]);
      expect(await sizes(engine, machine, "/dev/shm", "/tmp", "/srv/cache")).toEqual([
        ["/dev/shm", String(96 * 1024), String((96 * mebibyte) / 8192)],
        ["/tmp", String(64 * 1024), String((64 * mebibyte) / 8192)],
        ["/srv/cache", "1024", "128"],
      ]);
      const owner =
        "stat --format='%a %F' /tmp /srv/cache; printf '#!/bin/sh\\necho runs\\n' >/tmp/program; chmod +x /tmp/program; /tmp/program";
      expect(await inside(engine, machine, owner)).toBe("1777 directory\n700 directory\nruns");
      expect(await sizes(engine, machine, "/run/lock")).toEqual([["/run/lock", "5120", "640"]]);
      expect((await engine.berth("down --all --yes")).status).toBe(0);
    },
  );
});

describe("what the image has in /run and /tmp", () => {
  afterEach(async () => {
    if (canHaveEngines) await removeAll(node("runtime"));
  });

  test.skipIf(!canHaveEngines).each(["full", "strict"])(
    "a FIFO, a device node or a file of an id beyond the machine's keeps none from booting: %s (needs root)",
    async (profile) => {
      const engine = node("runtime");
      for (const [image, make] of [
        ["with-fifo", "mkfifo /tmp/fifo; echo kept >/run/file"],
        ["with-device", "mknod /run/null c 1 3; echo lost >/run/file"],
        ["with-closed", "echo closed >/run/file; chown 70000 /run/file; chmod 600 /run/file"],
      ] as const) {
        await engine.docker("run", "--name", image, "bookworm", "sh", "-c", make);
        await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', image, image);
        await engine.docker("rm", image);
        await runMachine(engine, `box-${image}`, image, "-e", `BERTH_PROFILE=${profile}`);
        expect(await booted(engine, `box-${image}`)).toBe("running");
      }
      // What can be copied is, as ever.
      expect(await inside(engine, "box-with-fifo", "cat /run/file; test -e /tmp/fifo || echo none")).toBe(
        "kept\nnone",
      );
      const closed = await inside(engine, "box-with-closed", "cat /run/file 2>/dev/null || echo none");
      expect(closed).toBe(profile === "full" ? "none" : "closed");
      expect(await inside(engine, "box-with-device", "ls /run/file /run/null 2>/dev/null || echo none")).toBe(
        "none",
      );
    },
  );
});

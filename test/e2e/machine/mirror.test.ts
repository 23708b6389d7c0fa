import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, chown, copyFile, link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "#host/process/run.ts";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { statesOf } from "#support/isolated.ts";
import { booted, inside, removeAll, removeContainers, runMachine, stateOf } from "#support/machine.ts";
import {
  broughtOut,
  mirrorsLeft,
  mountedFor,
  processesCalled,
  server,
  supervisor,
} from "#support/mirrors.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" }, newer: { root: () => labEngineRoot("trixie") } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines).each(["hybrid", "v2", "newer"])(
  "the files of a full machine as the engine of %s sees them (needs root)",
  (name) => {
    let engine: Node;
    let directory: string;
    const bring = async (text: string, path: string) => {
      await writeFile(join(directory, "brought"), text);
      await engine.docker("cp", join(directory, "brought"), `one:${path}`);
    };
    const sees = (path: string, text: string | undefined) =>
      waitFor(`docker cp gives ${path}`, async () =>
        (await broughtOut(engine, `one:${path}`)) === text ? true : undefined,
      );
    beforeAll(async () => {
      engine = node(name);
      directory = await mkdtemp(join(tmpdir(), "berth-mirror-"));
      await runMachine(engine, "one", "bookworm", "-e", "BERTH_PROFILE=full", "-v", "data:/data");
    });
    afterAll(() => rm(directory, { recursive: true }));

    test("a file can be brought at once, also where a volume's place is in no layer", async () => {
      await bring("first\n", "/root/first");
      expect(await booted(engine, "one")).toBe("running");
      expect(await inside(engine, "one", "cat /root/first")).toBe("first");
      expect(await mountedFor(engine, "one")).toEqual(["fuse.berth"]);
    });

    test("what a process of the machine does is seen with no command in between", async () => {
      const script = `cd /root; for file in gone replaced directory appended; do echo old >$file; done
      cat >/root/changes <<'END'
        cd /root
        until [ -e go ]; do sleep 0.1; done
        rm gone directory; mkdir directory; echo inner >directory/inner; echo new >next; mv next replaced; echo more >>appended; echo ok >done
END
      systemd-run --quiet sh /root/changes`;
      await inside(engine, "one", script);
      for (const file of ["gone", "replaced", "directory", "appended"]) await sees(`/root/${file}`, "old\n");
      expect(await broughtOut(engine, "one:/root/done")).toBeUndefined();
      await bring("", "/root/go");
      await sees("/root/done", "ok\n");
      await sees("/root/gone", undefined);
      await sees("/root/replaced", "new\n");
      await sees("/root/appended", "old\nmore\n");
      await sees("/root/directory/inner", "inner\n");
      await bring("mine\n", "/root/replaced");
      await bring("mine\n", "/root/directory/mine");
      expect(await inside(engine, "one", "cat /root/replaced /root/directory/mine")).toBe("mine\nmine");
    });

    test("export, diff and commit have what the machine has", async () => {
      const tar = join(directory, "one.tar");
      await engine.docker("export", "--output", tar, "one");
      const list = (await run("tar", ["--list", "--file", tar])).stdout.split("\n");
      expect(list).toEqual(
        expect.arrayContaining(["root/done", "root/directory/inner", "root/directory/mine", "usr/bin/dpkg"]),
      );
      expect(list).not.toContain("root/gone");
      expect((await run("tar", ["--extract", "--to-stdout", "--file", tar, "root/replaced"])).stdout).toBe(
        "mine\n",
      );
      const changes = (await engine.docker("diff", "one")).stdout.split("\n");
      expect(changes).toEqual(expect.arrayContaining(["A /root/done", "A /root/directory/inner"]));
      expect(changes).not.toContain("A /root/gone");
      await engine.docker("commit", "one", "committed");
      const read = ["cat", "/root/replaced", "/root/directory/inner"];
      expect((await engine.docker("run", "--rm", "--network=none", "committed", ...read)).stdout).toBe(
        "mine\ninner\n",
      );
      await engine.docker("rmi", "committed");
    });

    test.each([
      "/usr/bin",
      "/usr/sbin",
      "/usr/lib/x86_64-linux-gnu",
      "/usr/lib/systemd/system",
      "/opt",
      "/etc",
    ])("what is brought into %s is there, and the machine goes on to change the directory", async (place) => {
      await bring("tool\n", `${place}/brought`);
      const script = `cat ${place}/brought; touch ${place}/own; mkdir ${place}/.own; chmod 750 ${place}; chmod 755 ${place}; rmdir ${place}/.own; rm ${place}/own ${place}/brought; echo well`;
      expect(await inside(engine, "one", script)).toBe("tool\nwell");
    });

    test("has owners, modes, links and capabilities as a container of the real runtime", async () => {
      const tree = join(directory, "tree");
      await mkdir(join(tree, "in/deep"), { recursive: true });
      await engine.docker("cp", "one:/bin/cat", join(tree, "in/cat"));
      await writeFile(join(tree, "in/file"), "text\n");
      await copyFile(join(tree, "in/file"), join(tree, "in/suid"));
      await link(join(tree, "in/file"), join(tree, "in/hard"));
      await symlink("../in/file", join(tree, "in/link"));
      await chown(join(tree, "in/suid"), 33, 34);
      await chmod(join(tree, "in/suid"), 0o6755);
      await chown(join(tree, "in/deep"), 1000, 1000);
      await chmod(join(tree, "in/deep"), 0o3770);
      await run("setcap", ["cap_dac_override=ep", join(tree, "in/cat")]);
      await engine.docker(
        "run",
        "--detach",
        "--runtime=runc",
        "--network=none",
        "--name=plain",
        "bookworm",
        "sleep",
        "600",
      );
      const look =
        "cd /srv; find in -printf '%p %y %m %U %G %n %l\\n' | sort; chmod 600 in/file; setpriv --reuid=65534 --clear-groups in/cat in/file";
      const seen: string[] = [];
      for (const machine of ["one", "plain"]) {
        await engine.docker("cp", "--archive", join(tree, "in"), `${machine}:/srv/`);
        seen.push(await inside(engine, machine, look));
      }
      expect(seen[0]).toContain("text");
      expect(seen[0]).toContain("6755 33 34");
      expect(seen[0]).toBe(seen[1] as string);
      const facts: string[] = [];
      for (const machine of ["one", "plain"]) {
        const back = join(directory, `back-${machine}`);
        await mkdir(back);
        await engine.docker("cp", "--archive", `${machine}:/srv/in`, back);
        facts.push(
          (
            await run("sh", [
              "-c",
              `cd ${back}; find in -printf '%p %y %m %U %G %n %l\\n' | sort; getcap in/cat`,
            ])
          ).stdout,
        );
      }
      expect(facts[0]).toContain("cap_dac_override=ep");
      expect(facts[0]).toBe(facts[1] as string);
      await removeContainers(engine, "plain");
    });

    test("volumes are reached as well, both ways", async () => {
      await bring("in the volume\n", "/data/letter");
      expect(await inside(engine, "one", "cat /data/letter; echo answer >/data/answer")).toBe(
        "in the volume",
      );
      await sees("/data/answer", "answer\n");
    });

    test("a large file arrives whole, both ways", async () => {
      await run("sh", ["-c", `head -c 40000000 /dev/urandom >${join(directory, "large")}`]);
      await engine.docker("cp", join(directory, "large"), "one:/srv/large");
      await engine.docker("cp", "one:/srv/large", join(directory, "back-again"));
      expect((await run("cmp", [join(directory, "large"), join(directory, "back-again")])).status).toBe(0);
      const [sum = ""] = (await run("sha256sum", [join(directory, "large")])).stdout.split(" ");
      expect(await inside(engine, "one", "sha256sum </srv/large; rm /srv/large")).toContain(sum);
    });

    test("a package that was brought is installed, upgraded and removed", async () => {
      for (const version of ["1", "2"]) {
        const top = join(directory, `package-${version}`);
        await mkdir(join(top, "DEBIAN"), { recursive: true });
        await mkdir(join(top, "usr/sbin"), { recursive: true });
        await writeFile(join(top, "usr/sbin/berth-tool"), `${version}\n`);
        await writeFile(
          join(top, "DEBIAN/control"),
          `Package: berth-tool\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a tool\n`,
        );
        await run("dpkg-deb", ["--build", "--root-owner-group", top, join(directory, `${version}.deb`)]);
        await engine.docker("cp", join(directory, `${version}.deb`), "one:/root/");
        await inside(engine, "one", `dpkg -i /root/${version}.deb`);
        expect(await inside(engine, "one", "cat /usr/sbin/berth-tool")).toBe(version);
        await sees("/usr/sbin/berth-tool", `${version}\n`);
      }
      await inside(engine, "one", "dpkg --purge berth-tool");
      await sees("/usr/sbin/berth-tool", undefined);
    });

    test("a command begins in a directory that the machine has just made", async () => {
      await inside(engine, "one", "mkdir -p /srv/just/made");
      expect((await engine.docker("exec", "--workdir=/srv/just/made", "one", "pwd")).stdout).toBe(
        "/srv/just/made\n",
      );
    });

    test("a paused machine's files are there", async () => {
      await inside(engine, "one", "echo still >/root/still");
      await engine.docker("pause", "one");
      await sees("/root/still", "still\n");
      await bring("asleep\n", "/root/asleep");
      await engine.docker("unpause", "one");
      expect(await inside(engine, "one", "cat /root/asleep")).toBe("asleep");
    });

    test("a machine that makes whoever reads its file wait holds up nobody who looks elsewhere", async () => {
      await runMachine(engine, "two", "bookworm", "-e", "BERTH_PROFILE=full");
      // A write lease (fcntl(2), F_SETLEASE) that is not given back.
      const lease = `open my $file, "+<", "/root/leased" or die; $SIG{IO} = sub { $0 = "lease is asked for" };
        fcntl $file, 1024, 1 or die; $0 = "lease is held"; sleep 600 while 1;`;
      await inside(
        engine,
        "one",
        `echo leased >/root/leased; systemd-run --quiet perl -e '${lease.replaceAll("$", "$$$$")}'`,
      );
      const until = (state: string) =>
        waitFor(state, async () => ((await processesCalled(engine, state)).length > 0 ? true : undefined));
      await until("lease is held");
      let isDone = false;
      const brought = broughtOut(engine, "one:/root/leased").finally(() => (isDone = true));
      await until("lease is asked for");
      expect(await broughtOut(engine, "two:/etc/passwd")).toContain("root:");
      expect(await inside(engine, "two", "echo runs")).toBe("runs");
      await removeContainers(engine, "two");
      expect(isDone).toBe(false);
      await engine.run("kill", "-KILL", ...(await processesCalled(engine, "lease is asked for")).map(String));
      expect(await brought).toBe("leased\n");
    });

    test("the server comes again when it is killed; killed with what watches over it, at the next command", async () => {
      for (const victims of [[server], [supervisor, server]]) {
        const before = await processesCalled(engine, server);
        expect(before).toHaveLength(1);
        for (const victim of victims)
          await engine.run("kill", "-KILL", ...(await processesCalled(engine, victim)).map(String));
        if (victims.length > 1) await inside(engine, "one", "true");
        await waitFor("another serves", async () => {
          const now = await processesCalled(engine, server);
          const answers = (await broughtOut(engine, "one:/etc/passwd")) !== undefined;
          return answers && now.length === 1 && now[0] !== before[0] ? true : undefined;
        });
        await inside(engine, "one", `echo after ${victims.length} >/root/after`);
        await sees("/root/after", `after ${victims.length}\n`);
        await bring("here\n", "/usr/sbin/here");
        expect(await inside(engine, "one", "cat /usr/sbin/here; rm /usr/sbin/here")).toBe("here");
        expect(await mountedFor(engine, "one")).toEqual(["fuse.berth"]);
      }
    });

    test("a machine of before there were mirrors has none until its next start, and sees what is brought at its next command", async () => {
      const [marker = ""] = await statesOf(engine);
      const state = dirname(marker);
      const release = `use IO::Socket::UNIX; my $server = IO::Socket::UNIX->new("/run/berth/mirror/socket") or die; print $server qq({"do":"release","state":"$ARGV[0]"}\\n); print <$server>`;
      expect((await engine.run("perl", "-e", release, state)).stdout).toBe("{}\n");
      await engine.run("rm", join(state, "mirror"));
      expect(await mountedFor(engine, "one")).toEqual(["overlay"]);
      await bring("before\n", "/opt/before");
      expect(
        await inside(engine, "one", "cat /opt/before; echo since >/opt/since; mv /opt/since /opt/before"),
      ).toBe("before");
      await inside(engine, "one", "true");
      await sees("/opt/before", "since\n");
      await bring("then\n", "/opt/before");
      expect(await inside(engine, "one", "cat /opt/before")).toBe("then");
      expect(await mountedFor(engine, "one")).toEqual(["overlay"]);
    });

    test("its files are the same after stop, start and restart; a stopped machine's are the engine's own", async () => {
      await bring("kept\n", "/usr/sbin/kept");
      await engine.docker("stop", "--time=60", "one");
      expect((await stateOf(engine, "one")).status).toBe(0);
      expect(await mirrorsLeft(engine)).toEqual([]);
      expect(await broughtOut(engine, "one:/usr/sbin/kept")).toBe("kept\n");
      await bring("meanwhile\n", "/root/meanwhile");
      await engine.docker("start", "one");
      expect(await booted(engine, "one")).toBe("running");
      expect(await inside(engine, "one", "cat /root/meanwhile /usr/sbin/kept")).toBe("meanwhile\nkept");
      await engine.docker("restart", "--time=60", "one");
      expect(await booted(engine, "one")).toBe("running");
      await inside(engine, "one", "echo again >/root/again");
      await sees("/root/again", "again\n");
    });

    test("at the end nothing is left", async () => {
      await removeAll(engine);
      await waitFor("the server ends", async () =>
        (await mirrorsLeft(engine)).length === 0 ? true : undefined,
      );
      await engine.docker("volume", "rm", "data");
    });
  },
);

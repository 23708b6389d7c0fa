import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { capabilitiesOf, idsOf, ownerInside, ownerOnHost, upperOf } from "#support/isolated.ts";
import {
  booted,
  failedUnits,
  inside,
  removeAll,
  removeContainers,
  runMachine,
  signalsDuring,
  stateOf,
} from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
const first = 0x7000_0000;
const last = 0x7ffd_ffff;

describe.skipIf(!canHaveEngines).each(views)(
  "machines in user namespaces of their own on %s (needs root)",
  (view) => {
    let shared: string;
    let letters: string;
    beforeAll(async () => {
      shared = await mkdtemp(join(tmpdir(), "berth-isolation-"));
      letters = join(shared, "letters");
      await mkdir(letters);
      await writeFile(join(letters, "of-root"), "dear\n");
      await writeFile(join(shared, "single"), "one\n");
      for (const path of [shared, letters]) await chmod(path, 0o755);
      await node(view).run("chown", "33:33", join(shared, "single"));
      const binds = [
        `${letters}:/letters`,
        `${letters}:/read:ro`,
        `${join(shared, "single")}:/etc/single`,
        "own:/volume",
      ];
      const flags = [
        ...binds.map((bind) => `--volume=${bind}`),
        "--restart=always",
        "--health-cmd=test -e /root/well",
        "--health-interval=1s",
      ];
      await Promise.all([
        runMachine(node(view), "one", "bookworm", ...flags),
        runMachine(node(view), "two", "bookworm"),
      ]);
      for (const name of ["one", "two"]) await booted(node(view), name);
    }, patient(90_000));
    afterAll(async () => {
      await removeAll(node(view));
      await rm(shared, { recursive: true });
    }, patient(30_000));

    test("they boot, and their root has host ids that nobody else has", async () => {
      const engine = node(view);
      for (const name of ["one", "two"]) {
        expect(await booted(engine, name)).toBe("running");
        expect(await failedUnits(engine, name)).toBe("");
      }
      const [one, two] = await Promise.all([idsOf(engine, "one"), idsOf(engine, "two")]);
      for (const { base, count } of [one, two]) {
        expect(base).toBeWithin(first, last);
        expect(base % 65_536).toBe(0);
        expect(count).toBe(65_536);
      }
      expect(one.base).not.toBe(two.base);
      const uids = (await engine.docker("top", "one", "-eo", "pid,uid,args")).stdout.split("\n").slice(1, -1);
      expect(uids.length).toBeGreaterThan(3);
      for (const line of uids)
        expect(Number(line.trim().split(/\s+/)[1])).toBeWithin(one.base, one.base + one.count);
      // The bus has another user than root.
      expect(new Set(uids.map((line) => line.trim().split(/\s+/)[1])).size).toBeGreaterThan(1);
    });

    test("a command of docker exec has the rights of a unit, and nobody has none", async () => {
      const engine = node(view);
      const unit = await capabilitiesOf(
        engine,
        "one",
        "systemd-run",
        "--quiet",
        "--pipe",
        "--wait",
        "--collect",
      );
      const exec = await capabilitiesOf(engine, "one");
      expect([exec.CapEff, exec.CapPrm, exec.CapBnd]).toEqual([unit.CapEff, unit.CapPrm, unit.CapBnd]);
      // CAP_NET_ADMIN and CAP_SYS_ADMIN, capabilities(7); never those over the host's clock, modules and raw
      // I/O.
      const bits = BigInt(`0x${exec.CapBnd}`);
      expect([12n, 21n].map((bit) => (bits >> bit) & 1n)).toEqual([1n, 1n]);
      expect([16n, 17n, 25n].map((bit) => (bits >> bit) & 1n)).toEqual([0n, 0n, 0n]);
      const asNobody = (
        await engine.docker(
          "exec",
          "--user=nobody",
          "one",
          "sh",
          "-c",
          "id -un; grep CapEff /proc/self/status",
        )
      ).stdout;
      expect(asNobody).toMatch(/^nobody\nCapEff:\t0+\n$/);
      expect(await engine.tryDocker("exec", "--user=nobody", "one", "touch", "/root/x")).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("Permission denied"),
      });
      expect((await engine.tryDocker("exec", "one", "sh", "-c", "exit 7")).status).toBe(7);
    });

    test("what berth shows it in /run is its root's, and so is its machine-id", async () => {
      const own = ["host", "host/os-release", "systemd/system.attached"].map((name) => `/run/${name}`);
      const owners = await inside(node(view), "one", `stat -c %u ${own.join(" ")} /etc/machine-id`);
      expect(owners.split("\n")).toEqual(["0", "0", "0", "0"]);
    });

    test("files keep the owner that the machine knows: on disk, in binds and in volumes, both ways", async () => {
      const engine = node(view);
      const make = (place: string) => `touch ${place}/root; touch ${place}/web; chown 33:33 ${place}/web`;
      await inside(engine, "one", ["/root", "/letters", "/volume"].map(make).join("; "));
      const volume = (
        await engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "own")
      ).stdout.trim();
      for (const place of [join(await upperOf(engine, "one"), "root"), letters, volume]) {
        expect([place, await ownerOnHost(engine, `${place}/root`)]).toEqual([place, "0:0"]);
        expect([place, await ownerOnHost(engine, `${place}/web`)]).toEqual([place, "33:33"]);
      }
      for (const place of [letters, volume])
        await engine.run(
          "sh",
          "-c",
          `echo hi >${place}/host; echo hi >${place}/webs; chown 33:33 ${place}/webs`,
        );
      for (const place of ["/letters", "/read", "/volume"]) {
        expect([place, await ownerInside(engine, "one", `${place}/host ${place}/webs`)]).toEqual([
          place,
          "0:0\n33:33",
        ]);
      }
      expect(await ownerInside(engine, "one", "/letters /letters/of-root /etc/single")).toBe(
        "0:0\n0:0\n33:33",
      );
      await inside(
        engine,
        "one",
        "setpriv --reuid=33 --regid=33 --clear-groups sh -c 'echo two >>/etc/single; echo x >>/volume/webs'",
      );
      expect(await readFile(join(shared, "single"), "utf8")).toBe("one\ntwo\n");
      const refused = await engine.tryDocker(
        "exec",
        "one",
        "sh",
        "-c",
        "echo no >/read/of-root; touch /read/new; mount -o remount,rw /read",
      );
      expect(refused.stderr.match(/Read-only file system/g)?.length).toBe(2);
      expect(refused.stderr).toMatch(/^mount: \/read: permission denied\.$/m);
      // mount(8): a mount failed.
      expect(refused.status).toBe(32);
      expect(await readFile(join(letters, "of-root"), "utf8")).toBe("dear\n");
      // What belongs to ids of the host that no machine has stays nobody's.
      await engine.run("sh", "-c", `touch ${letters}/far && chown 70000:70000 ${letters}/far`);
      expect(await ownerInside(engine, "one", "/letters/far")).toBe("65534:65534");
    });

    test.each(["/root", "/usr/local/bin", "/srv", "/etc", "/var/tmp"])(
      "docker cp brings files to %s and back, whatever was looked for before",
      async (place) => {
        const engine = node(view);
        await writeFile(join(shared, "letter"), `for ${place}\n`);
        expect(
          await inside(engine, "one", `ls ${place}/letter ${place}/new/letter 2>/dev/null || echo none`),
        ).toBe("none");
        await engine.docker("cp", join(shared, "letter"), `one:${place}/letter`);
        await engine.docker("cp", letters, `one:${place}/new`);
        expect(await inside(engine, "one", `cat ${place}/letter ${place}/new/of-root`)).toBe(
          `for ${place}\ndear`,
        );
        expect(await ownerInside(engine, "one", `${place}/letter`)).toBe("0:0");
        await inside(engine, "one", `echo more >>${place}/letter`);
        await writeFile(join(shared, "letter"), "again\n");
        await engine.docker("cp", join(shared, "letter"), `one:${place}/letter`);
        expect(await inside(engine, "one", `cat ${place}/letter`)).toBe("again");
        await inside(engine, "one", `echo answer >${place}/reply; echo answer >>${place}/letter`);
        for (const [name, text] of [
          ["reply", "answer\n"],
          ["letter", "again\nanswer\n"],
        ] as const) {
          await engine.docker("cp", `one:${place}/${name}`, join(shared, "back"));
          expect(await readFile(join(shared, "back"), "utf8")).toBe(text);
        }
      },
    );

    test("commit, diff and export see an ordinary tree, and the committed image boots again", async () => {
      const engine = node(view);
      await inside(
        engine,
        "two",
        "mkdir /srv/site; echo dear >/srv/site/page; chown 33:33 /srv/site/page; rm /etc/motd; sync",
      );
      const diff = (await engine.docker("diff", "two")).stdout.split("\n");
      expect(diff).toEqual(expect.arrayContaining(["A /srv/site", "A /srv/site/page", "D /etc/motd"]));
      const tar = join(shared, "export.tar");
      await engine.docker("export", "--output", tar, "two");
      const listed = (
        await engine.run("tar", "--numeric-owner", "-tvf", tar, "srv/site/page", "etc/passwd", "sbin")
      ).stdout;
      expect(listed).toMatch(/ 33\/33 .* srv\/site\/page/);
      expect(listed).toMatch(/ 0\/0 .* etc\/passwd/);
      await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "two", "committed");
      const owners = [
        "run",
        "--rm",
        "--network=none",
        "committed",
        "sh",
        "-c",
        "stat -c %u:%g /srv/site /srv/site/page; ls /etc/motd",
      ];
      expect((await engine.tryDocker(...owners)).stdout).toBe("0:0\n33:33\n");
      await runMachine(engine, "three", "committed");
      expect(await booted(engine, "three")).toBe("running");
      expect(await inside(engine, "three", "cat /srv/site/page; cat /etc/machine-id")).not.toBe(
        await inside(engine, "two", "cat /srv/site/page; cat /etc/machine-id"),
      );
      await removeContainers(engine, "three");
      await engine.docker("rmi", "committed");
    });

    test("stats, update, top, pause and the health check work as for any container", async () => {
      const engine = node(view);
      expect(
        (await engine.docker("stats", "--no-stream", "--format", "{{.PIDs}} {{.Name}}", "one")).stdout,
      ).toMatch(/^[\d-]+ one\n$/);
      const health = async () =>
        (await engine.docker("inspect", "--format", "{{.State.Health.Status}}", "one")).stdout.trim();
      expect(await health()).not.toBe("healthy");
      await inside(engine, "one", "touch /root/well");
      await waitFor("the machine is healthy", async () =>
        (await health()) === "healthy" ? true : undefined,
      );
      await engine.docker("pause", "two");
      expect((await engine.docker("inspect", "--format", "{{.State.Status}}", "two")).stdout).toBe(
        "paused\n",
      );
      await engine.docker("unpause", "two");
      expect(await inside(engine, "two", "systemctl is-system-running")).toBe("running");
      expect((await engine.docker("top", "two")).stdout).toContain("/lib/systemd/systemd-journald");
      expect((await engine.docker("update", "--restart=no", "two")).stdout).toBe("two\n");
    });

    test("docker restart keeps machine-id, ids and the name that hostnamectl set", async () => {
      const engine = node(view);
      const facts = "cat /etc/machine-id; hostname; cat /etc/hostname";
      await inside(engine, "two", "hostnamectl set-hostname renamed.example");
      const before = await inside(engine, "two", facts);
      expect(before).toMatch(/^[0-9a-f]{32}\nrenamed\.example\nrenamed\.example$/);
      const ids = await idsOf(engine, "two");
      expect(await signalsDuring(engine, "two", () => engine.docker("restart", "--time=60", "two"))).toEqual([
        "15",
      ]);
      expect(await booted(engine, "two")).toBe("running");
      expect(await inside(engine, "two", facts)).toBe(before);
      expect(await idsOf(engine, "two")).toEqual(ids);
      expect(await inside(engine, "two", "cat /srv/site/page")).toBe("dear");
    });

    test("PID 1 killed from the host: the restart policy boots it again", async () => {
      const engine = node(view);
      const { pid } = await stateOf(engine, "one");
      await engine.run("kill", "-KILL", String(pid));
      await waitFor("it is another process", async () => {
        const now = await stateOf(engine, "one");
        return now.running && now.pid !== pid && now.pid !== 0 ? true : undefined;
      });
      expect(await booted(engine, "one")).toBe("running");
      expect(await inside(engine, "one", "cat /root/letter /volume/webs")).toContain("again");
      expect((await idsOf(engine, "one")).base).toBeWithin(first, last);
    });
  },
);

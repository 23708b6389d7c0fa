import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { patient } from "#lab/wait-for.ts";
import { listHostFiles, secret } from "#support/attack.ts";
import { booted, inside, removeContainers, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

describe.skipIf(!canHaveEngines)("attacks by what a machine's next start reads (needs root)", () => {
  /** A directory of the host's whose path leads nowhere inside a machine. */
  let directory: string;
  let before: readonly string[];
  beforeAll(async () => {
    directory = await mkdtemp("/var/tmp/berth-host-");
    for (const name of ["letter", "hostname", "os-release"])
      await writeFile(join(directory, name), `${secret}\n`);
    await writeFile(join(directory, "systemd"), "#!/bin/sh\n");
    await chmod(join(directory, "systemd"), 0o755);
    await mkdir(join(directory, "empty"));
    before = await listHostFiles(directory);
  }, patient(60_000));
  afterEach(async () => {
    expect(await listHostFiles(directory)).toEqual([...before]);
  });
  afterAll(() => rm(directory, { recursive: true }));

  const full = ["-e", "BERTH_PROFILE=full"];

  test.each(views)(
    "on %s a restart reads and writes none of the host's files for a machine's links",
    async (view) => {
      const engine = node(view);
      await runMachine(engine, "links", "bookworm", ...full, "-v", "deep:/data/deep/volume");
      expect(await booted(engine, "links")).toBe("running");
      const plant = `
      ln -sf ${directory}/letter /etc/machine-id
      ln -sf ${directory}/os-release /etc/os-release; ln -sf ${"../".repeat(30)}${directory}/os-release /usr/lib/os-release
      ln -sf ${directory}/hostname /etc/hostname
      mv /data /data.old; ln -s ${directory} /data
      mkdir -p /mnt && mount --bind / /mnt
      ln -s ${directory} /mnt/run/way; ln -s ${directory}/letter /mnt/tmp/letter
      umount /mnt; sync`;
      await inside(engine, "links", plant);
      await engine.docker("restart", "links");
      expect(await booted(engine, "links")).toMatch(/running|degraded/);
      const found = `cat /etc/machine-id /etc/os-release /etc/hostname /run/way/letter /tmp/letter 2>/dev/null; hostname; readlink /run/way; ls ${directory}`;
      const seen = await inside(engine, "links", found);
      expect(seen).not.toContain(secret);
      expect(seen).toContain(directory);
      // The volume went where the link leads inside.
      expect(seen.split("\n")).toContain("deep");
      await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "links", "linked");
      // Its first start, at which the engine's name for it is written down.
      await engine.tryDocker(
        "run",
        "-d",
        "-t",
        "--runtime=berth",
        "--name",
        "first",
        ...full,
        "--hostname",
        "overwritten",
        "linked",
      );
      await removeContainers(engine, "links", "first");
    },
  );

  /** What root in a machine does to it, given a directory of the host's. */
  const tricks: Readonly<Record<string, (out: string) => string>> = {
    "/etc leads out": (out) =>
      `unshare --mount sh -ec 'for file in /etc/*; do umount "$file" 2>/dev/null || :; done; rm -r /etc; ln -s ${out} /etc'`,
    "/run and /tmp lead out": (out) =>
      `unshare --mount sh -ec 'umount -R -l /run /tmp; mv /run /run.old; mv /tmp /tmp.old; ln -s ${out} /run; ln -s ${out}/empty /tmp'`,
    "its homes lead out": (out) =>
      // All else stands still, since services go on writing into /var.
      `kill -s STOP -- -1; cd /; for name in root home boot srv var; do rm -r $name; ln -s ${out} $name; done`,
    "its programs lead out": (out) =>
      `perl -e 'system("rm", "-r", "/usr") == 0 or die; symlink "${out}", "/usr" or die'`,
    "its init leads out": (out) => `ln -sf ${out}/systemd /sbin/init`,
    "its descriptions are pipes": () =>
      "rm -f /etc/os-release /usr/lib/os-release /etc/hostname; mkfifo /etc/os-release /usr/lib/os-release /etc/hostname",
    "they are huge, and directories": () =>
      "rm -f /etc/os-release /etc/hostname /etc/machine-id; truncate -s 900G /etc/os-release; mkdir /etc/hostname /etc/machine-id",
    "its mount never ends": () =>
      "rm /usr/bin/mount; printf '#!/bin/sh\\nexec sleep 100000\\n' >/usr/bin/mount; chmod 755 /usr/bin/mount",
    "they lead in circles": () =>
      "rm /etc/os-release /etc/hostname; ln -s os-release /etc/os-release; ln -s hostname /etc/hostname; ln -sf init2 /sbin/init; ln -s init /sbin/init2",
    "they lead to the reader's own": () =>
      "ln -sf /proc/self/environ /etc/os-release; ln -sf /proc/self/fd/0 /etc/hostname; ln -sf /dev/stdin /etc/machine-id",
  };

  test("a machine starts or is refused in short time whatever is in the way of its files", async () => {
    const engine = node("v2");
    const names = Object.keys(tricks).map((_, index) => `trick${index}`);
    await Promise.all(
      Object.values(tricks).map(async (plant, index) => {
        const name = names[index] ?? "";
        await runMachine(engine, name, "bookworm", ...full);
        await booted(engine, name);
        await engine.docker("exec", name, "sh", "-c", `set -e; ${plant(directory)}`);
        await engine.docker("kill", name);
      }),
    );
    const refused: string[] = [];
    for (const [index, what] of Object.keys(tricks).entries()) {
      const name = names[index] ?? "";
      const began = performance.now();
      const { status, stderr } = await engine.tryDocker("start", name);
      expect([what, performance.now() - began < 8000]).toEqual([what, true]);
      if (status !== 0) refused.push(`${what}: ${/berth: [^;:]*/.exec(stderr)?.[0] ?? stderr}`);
      const read = await engine.tryDocker(
        "exec",
        name,
        "timeout",
        "2",
        "cat",
        "/etc/os-release",
        "/etc/machine-id",
        "/etc/hostname",
      );
      expect(read.stdout).not.toContain(secret);
    }
    // The host has a program of init's name where these lead.
    const withoutInit = ["its programs lead out", "its init leads out", "they lead in circles"];
    expect(refused).toEqual(withoutInit.map((what) => `${what}: berth: this image has no init`));
    await removeContainers(engine, ...names);
  });
});

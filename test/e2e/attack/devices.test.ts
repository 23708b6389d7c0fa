import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { patient } from "#lab/wait-for.ts";
import {
  attackFrom,
  attackFromHost,
  bootBoth,
  expectConfined,
  hostFacts,
  mighty,
  prisoner,
} from "#support/attack.ts";
import { booted, inside, runMachine } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});
const secret = "a secret of the host";
/**
 * In the host's /dev, for a machine's runtime takes a device from where the machine has it, as the machine's
 * root.
 */
const fuseOf = (view: string) => `/dev/berth-fuse-${view}`;

describe.skipIf(!canHaveEngines)("attacks on devices (needs root)", () => {
  let directory: string;
  /** A disk of the host's: a loop device with a file system that holds the secret. */
  let disk = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-disk-"));
    await mkdir(join(directory, "tree"));
    await writeFile(join(directory, "tree", "letter"), secret);
    const image = join(directory, "image");
    await run("mke2fs", ["-q", "-t", "ext4", "-d", join(directory, "tree"), image, "2M"]);
    disk = (await run("losetup", ["--find", "--show", "--read-only", image])).stdout.trim();
    const [major, minor] = (await run("stat", ["--format=%Hr %Lr", disk])).stdout.trim().split(" ");
    const plant = `cd /root && mknod -m 666 disk b ${major} ${minor} && mknod -m 666 kmsg c 1 11 && mknod -m 666 zero c 1 5 && tar cf nodes.tar disk zero`;
    await Promise.all(
      views.map(async (view) => {
        await node(view).docker("run", "--name", "planter", "bookworm", "sh", "-c", plant);
        await node(view).docker("commit", "--change", 'CMD ["/sbin/init"]', "planter", "planted");
        await bootBoth(node(view), "planted");
      }),
    );
  }, patient(60_000));
  afterAll(async () => {
    if (disk !== "") await run("losetup", ["--detach", disk]);
    await rm(directory, { recursive: true });
    for (const view of views) await rm(fuseOf(view), { force: true });
  });

  test.each(views)("on %s no device node can be made, wherever", async (view) => {
    const shell = `
      cd "$(mktemp -d)" && mkdir m
      try "character device" mknod zero c 1 5
      try "block device" mknod disk b 7 0
      try "in /dev" mknod /dev/berth-zero c 1 5
      rm -f /dev/berth-zero
      try "out of a tar" tar xf /root/nodes.tar
      try "by a copy" cp -a /root/zero copy
      onto() {
        kind=$1; shift
        if why=$(mount "$@" m 2>&1); then try "on a $kind" mknod m/zero c 1 5; umount m; else refused "on a $kind" "$why"; fi
      }
      onto tmpfs -t tmpfs tmpfs
      onto ramfs -t ramfs ramfs
      mkdir t lower && mount -t tmpfs tmpfs t && mkdir t/upper t/work
      onto overlay -t overlay -o lowerdir=lower,upperdir=t/upper,workdir=t/work overlay
      umount t
      try "by devtmpfs" mount -t devtmpfs devtmpfs m`;
    const attacker = await attackFrom(node(view), prisoner, { shell });
    const places = ["tmpfs", "ramfs", "overlay"].map((kind) => `on a ${kind}`);
    const names = [
      "character device",
      "block device",
      "in /dev",
      "out of a tar",
      "by a copy",
      ...places,
      "by devtmpfs",
    ];
    expectConfined(attacker, await attackFrom(node(view), mighty, { shell }), names);
    // It may mount these, and the node is what is refused.
    for (const place of places) expect(attacker.refused[place]).toContain("mknod");
  });

  test.each(views)(
    "on %s a device node that came with the image opens nothing of the host's",
    async (view) => {
      const shell = `
      cd "$(mktemp -d)" && mkdir m lower
      open() { try "$1" sh -c 'grep --text --quiet "${secret}" <"$1"' sh "$2"; }
      open "the node" /root/disk
      if mount --bind /root m; then mount -o remount,bind,dev,suid,exec m; open "a bind of it" m/disk; umount m
      else refused "a bind of it" "no mount"; fi
      mount --bind /root/disk /root/nodes.tar && open "a bind over a file" /root/nodes.tar && umount /root/nodes.tar
      mount --bind /root/disk /root/nodes.tar || refused "a bind over a file" "no mount"; umount /root/nodes.tar
      if mount -t overlay -o lowerdir=/root:lower overlay m; then open "an overlay with it" m/disk; umount m
      else refused "an overlay with it" "no mount"; fi
      try "mounting it" mount -t ext4 -o ro /root/disk m
      try "the kernel's log" dd if=/root/kmsg iflag=nonblock bs=8192 count=1 of=/dev/null
      umount m; true`;
      const attacker = await attackFrom(node(view), prisoner, { shell });
      const names = [
        "the node",
        "a bind of it",
        "a bind over a file",
        "an overlay with it",
        "mounting it",
        "the kernel's log",
      ];
      expectConfined(attacker, await attackFrom(node(view), mighty, { shell }), names);
      for (const bind of names.slice(1, 4)) expect(attacker.refused[bind]).not.toContain("no mount");
    },
  );

  test.each(views)("on %s the host's nodes that a machine has in its /dev stay as they are", async (view) => {
    const nodes = "/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty";
    const look = async () =>
      (await node(view).run("sh", "-c", `stat --format='%n %a %u %g %z' ${nodes}`)).stdout;
    // The same mode and owner as before: only the time of the change would tell.
    const shell = `for file in ${nodes}; do chmod 666 $file; chown 0:0 $file; done; got "to the end"`;
    const before = await look();
    expect((await attackFrom(node(view), prisoner, { shell })).got).toEqual(["to the end"]);
    expect(await look()).toBe(before);
    await attackFromHost(node(view), { shell: "chmod 666 /dev/full" });
    expect(await look()).not.toBe(before);
  });

  test.each(views)("on %s none of the host's devices is in a machine's /dev", async (view) => {
    const list = {
      shell:
        "cd /dev; for file in * pts/*; do [ -L $file ] || [ ! -c $file -a ! -b $file ] || got \"$(stat -c '%F %Hr' $file)\"; done",
    };
    // Memory (null and zero, but not kmsg), the terminals of its own, and nothing else.
    const kinds = new Set((await attackFrom(node(view), prisoner, list)).got);
    expect([...kinds].toSorted()).toEqual([
      "character special file 1",
      "character special file 136",
      "character special file 5",
    ]);
    expect((await attackFrom(node(view), mighty, list)).got).toContain("block special file 7");
    const read = {
      shell:
        "for file in mem kmem port kmsg kvm fuse net/tun loop-control loop0 vda sda; do try $file test -e /dev/$file; done",
    };
    expect(
      (await attackFrom(node(view), prisoner, read)).got.filter(
        (name) => name !== "fuse" && name !== "net/tun",
      ),
    ).toEqual([]);
  });

  // What waits for its answer (a process that has the connection open itself) no signal ends, and nothing
  // else that the kernel does.
  const answerNobody = `$| = 1; mkdir "/mnt/fuse"; open(my $fuse, "+<", $ARGV[0]) or die "no FUSE: $!"; my $number = fileno $fuse;
    my ($source, $at, $type, $options) = ("x", "/mnt/fuse", "fuse", "fd=$number,rootmode=40000,user_id=0,group_id=0");
    syscall(165, $source, $at, $type, 0, $options) == 0 or die "no mount: $!";
    sysread($fuse, my $request, 1 << 20); my (undef, undef, $unique) = unpack "LLQ", $request;
    syswrite($fuse, pack("LlQ", 80, 0, $unique) . pack("LLLLSSLLSSL", 7, 31, 4096, 0, 16, 12, 4096, 1, 1, 0, 0) . ("\\0" x 28));
    my $waiting = fork; unless ($waiting) { stat "/mnt/fuse/x"; sleep 1000 }
    sysread($fuse, $request, 1 << 20); print "$waiting\n"; close STDOUT; sleep 1000`;
  test.each(views)(
    "on %s a file system of its own that answers nobody keeps it from no removal",
    async (view) => {
      const engine = node(view);
      // As udev has it on a host.
      const device = fuseOf(view);
      await run("mknod", ["-m", "666", device, "c", "10", "229"]);
      for (const [name, removal] of Object.entries({
        "kill, then rm": ["kill"],
        "rm --force": ["rm", "--force"],
      })) {
        await runMachine(engine, "silent", "bookworm", "-e", "BERTH_PROFILE=full", `--device=${device}`);
        expect(await booted(engine, "silent")).toBe("running");
        const waiting = await inside(
          engine,
          "silent",
          `mkfifo /run/said; perl -e '${answerNobody}' ${device} >/run/said 2>&1 </dev/null & read -r said </run/said; echo "$said"`,
        );
        expect([name, waiting]).toEqual([name, expect.stringMatching(/^\d+$/)]);
        expect([name, await engine.docker(...removal, "silent")]).toMatchObject([
          name,
          { status: 0, stderr: "" },
        ]);
        if (removal[0] === "kill")
          expect(await engine.docker("rm", "silent")).toMatchObject({ status: 0, stderr: "" });
      }
    },
    patient(60_000),
  );

  test.each(views)("on %s the host is as it was", async (view) => {
    const before = await hostFacts(node(view));
    const shell =
      "cd /root; mknod a b 7 0; mount -t devtmpfs none /mnt; dd if=disk count=1; losetup -a; mount disk /mnt; got end";
    expect((await attackFrom(node(view), prisoner, { shell })).got).toEqual(["end"]);
    expect(await hostFacts(node(view))).toEqual(before);
  });
});

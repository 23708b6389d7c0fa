import { beforeAll, describe, expect, test } from "bun:test";
import type { Dirent } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { run } from "#host/process/run.ts";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { attackFrom, bootBoth, expectConfined, listHostFiles, mighty, prisoner } from "#support/attack.ts";
import { idsOf, ownerOnHost, stageMounts, statesOf } from "#support/isolated.ts";
import { booted, failedUnits, inside, removeContainers, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { entriesBelow } from "#support/tree.ts";
import { views } from "#support/views.ts";

const suites = { bookworm: () => labImage("bookworm"), trixie: () => labImage("trixie") };
const newer = { cgroupView: "v2", root: () => labEngineRoot("trixie"), images: ["bookworm"] } as const;
const node = useNodes({ nodes: { hybrid: {}, v2: { cgroupView: "v2" }, newer }, images: suites });
const network = "--network=container:net";
const kept = "ffeeddccbbaa99887766554433221100";

interface ForeignRoot {
  readonly directory: string;
  /** Of the symbolic links at its top alone. */
  readonly image: string;
  /** A bind for each directory at its top that is not the kernel's or a tmpfs. */
  readonly binds: readonly string[];
}

/**
 * A machine's files in a directory of the node's, as tar unpacks them, and an image of what cannot be bound.
 */
async function foreignRoot(engine: Node, name: string, tarball: string): Promise<ForeignRoot> {
  const directory = join(dirname(engine.configFile), "roots", name);
  await mkdir(directory, { recursive: true });
  await run("tar", [
    "--extract",
    "--preserve-permissions",
    "--numeric-owner",
    "--file",
    tarball,
    "--directory",
    directory,
  ]);
  const entries = await readdir(directory, { withFileTypes: true });
  const links = entries.flatMap((entry) => (entry.isSymbolicLink() ? [entry.name] : []));
  const image = `foreign-${name}`;
  await importLinks(engine, image, directory, links);
  const bound = entries.filter(
    (entry) => entry.isDirectory() && !["dev", "proc", "run", "sys", "tmp"].includes(entry.name),
  );
  return {
    directory,
    image,
    binds: bound.map((entry) => `--volume=${join(directory, entry.name)}:/${entry.name}`),
  };
}

async function importLinks(
  engine: Node,
  image: string,
  directory: string,
  links: readonly string[],
): Promise<void> {
  const tar = join(directory, "..", `${image}.tar`);
  await run("tar", ["--create", "--file", tar, "--directory", directory, "--", ...links]);
  await engine.docker("import", "--change", 'CMD ["/sbin/init"]', tar, image);
}

/** All that is in a folder, with its kind as find(1) names it, or `-`; a machine may be at work in it. */
async function names(directory: string): Promise<readonly string[]> {
  const kind = (entry: Dirent) =>
    entry.isDirectory() ? "d" : entry.isFile() ? "f" : entry.isSymbolicLink() ? "l" : "-";
  const entries = await entriesBelow(directory);
  expect(entries.length).toBeGreaterThan(100);
  return entries
    .map((entry) => `${relative(directory, join(entry.parentPath, entry.name))} ${kind(entry)}`)
    .toSorted();
}

/** Answers on a port as a user that is not root. */
const service = (port: number) =>
  `systemd-run --quiet --unit=answer --property=DynamicUser=yes --property=ProtectSystem=strict perl -MIO::Socket::INET -e '
    my $server = IO::Socket::INET->new(Listen => 5, LocalPort => ${port}, ReuseAddr => 1) or die "$!";
    while (my $client = $server->accept) { print $client "220 ", $client->peerhost, "\\n"; close $client }'`;
const ask = (port: number) =>
  `for n in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/${port}) 2>/dev/null && break; sleep 0.1; done; cat </dev/tcp/127.0.0.1/${port}`;

/** What the container whose network it is sees of it. */
async function networkOf(engine: Node): Promise<string> {
  const look =
    "ip -oneline link; ip -oneline address; ip route; ip rule; cat /proc/sys/net/ipv4/ip_forward /sys/class/net/lo/mtu";
  return inside(engine, "net", look);
}

async function startOwner(engine: Node): Promise<void> {
  await engine.docker("run", "-d", "--name=net", "--hostname=owner", "bookworm", "sleep", "infinity");
}

/**
 * A folder with a system becomes a machine, does what machines do, and ends, and nothing in it is berth's.
 */
async function liveFromFolder(engine: Node, suite: keyof typeof suites): Promise<void> {
  const { directory, image, binds } = await foreignRoot(engine, suite, await suites[suite]());
  await writeFile(join(directory, "etc/machine-id"), `${kept}\n`);
  const wants = join(directory, "etc/systemd/system/multi-user.target.wants");
  for (const place of [wants, join(directory, "etc/sysctl.d")]) await mkdir(place, { recursive: true });
  await writeFile(join(directory, "etc/sysctl.d/network.conf"), "net.ipv4.ip_forward=1\n");
  // As Debian's ifupdown sets up its lo.
  const unit =
    "[Service]\nType=oneshot\nExecStart=ip link set dev lo up\n[Install]\nWantedBy=multi-user.target\n";
  await writeFile(join(directory, "usr/lib/systemd/system/networking.service"), unit);
  await symlink("/lib/systemd/system/networking.service", join(wants, "networking.service"));
  for (const name of ["hosts", "resolv.conf"]) await rm(join(directory, "etc", name), { force: true });
  const before = await names(directory);

  const name = `foreign-${suite}`;
  const environment = ["-e", "BERTH_MACHINE_ID=keep", "-e", "BERTH_HOSTNAME=mail.example.com"];
  await runMachine(engine, name, image, network, ...environment, ...binds);
  expect(await booted(engine, name)).toBe("running");
  expect(await failedUnits(engine, name)).toBe("");
  expect((await idsOf(engine, name)).base).toBeGreaterThanOrEqual(0x7000_0000);
  expect(
    await inside(
      engine,
      name,
      "hostname; cat /etc/hostname /etc/machine-id; tr -d - </run/host/container-uuid",
    ),
  ).toBe(`mail.example.com\nmail.example.com\n${kept}\n${kept}`);
  // Before the machine writes anything on behalf of the test.
  const made = (await names(directory)).filter((entry) => !before.includes(entry));
  expect(made.filter((entry) => !/^(var\/|etc\/\.updated f|etc\/\.pwd\.lock f)/.test(entry))).toEqual([]);
  expect(await stageMounts(engine)).toBe("");

  await inside(engine, name, "touch /root/of-root; install -o 33 -g 33 /dev/null /srv/of-web");
  expect(await ownerOnHost(engine, join(directory, "root/of-root"))).toBe("0:0");
  expect(await ownerOnHost(engine, join(directory, "srv/of-web"))).toBe("33:33");

  await inside(engine, name, service(25));
  expect((await engine.docker("exec", "net", "bash", "-c", ask(25))).stdout).toBe("220 127.0.0.1\n");
  expect(await inside(engine, name, "ping -c 1 -W 5 127.0.0.1 >/dev/null && ls /sys/class/net")).toBe(
    "eth0\nlo",
  );
  const own =
    "systemd-run --quiet --pipe --wait --property=PrivateNetwork=yes sh -c 'ip -oneline link | cut -d: -f2'";
  expect((await inside(engine, name, own)).trim()).toBe("lo");

  await engine.docker("restart", "--time=60", name);
  expect(await booted(engine, name)).toBe("running");
  expect(await failedUnits(engine, name)).toBe("");
  await engine.docker("stop", "--time=60", name);
  expect((await stateOf(engine, name)).status).not.toBe(137);
  expect([await stageMounts(engine), await statesOf(engine)]).toEqual(["", []]);
  await removeContainers(engine, name);
}

describe.skipIf(!canHaveEngines).each(views)(
  "machines in another container's network on %s (needs root)",
  (view) => {
    beforeAll(() => startOwner(node(view)), 30_000);

    test.each(Object.keys(suites) as (keyof typeof suites)[])(
      "a folder with %s boots as a machine in a user namespace, and berth makes nothing in the folder",
      async (suite) => {
        await liveFromFolder(node(view), suite);
      },
    );

    test("an ordinary image keeps the name that hostnamectl sets, and shares the other's hosts", async () => {
      const engine = node(view);
      await runMachine(
        engine,
        "plain",
        "bookworm",
        network,
        "-e",
        "BERTH_HOSTNAME=mail",
        "-e",
        "BERTH_PROFILE=full",
      );
      expect(await booted(engine, "plain")).toBe("running");
      expect(await inside(engine, "plain", "hostname; cat /etc/hostname; grep -c owner /etc/hosts")).toBe(
        "mail\nmail\n1",
      );
      await inside(engine, "plain", "hostnamectl set-hostname renamed");
      await engine.docker("restart", "--time=60", "plain");
      expect(await booted(engine, "plain")).toBe("running");
      expect(await inside(engine, "plain", "hostname; cat /etc/hostname")).toBe("renamed\nrenamed");
      expect(await inside(engine, "net", "hostname; cat /etc/hostname")).toBe("owner\nowner");
      await removeContainers(engine, "plain");
    });

    test("of the host's network, also by way of another container, it is strict", async () => {
      const engine = node(view);
      await engine.docker("run", "-d", "--name=host-net", "--network=host", "bookworm", "sleep", "infinity");
      for (const of of ["host", "container:host-net"]) {
        await runMachine(engine, "strict", "bookworm", `--network=${of}`);
        expect((await idsOf(engine, "strict")).base).toBe(0);
        await removeContainers(engine, "strict");
        expect(
          (
            await engine.tryDocker(
              "run",
              "--rm",
              "--runtime=berth",
              `--network=${of}`,
              "-e",
              "BERTH_PROFILE=full",
              "bookworm",
            )
          ).stderr,
        ).toContain("the machine shares another's namespaces: network");
      }
      await removeContainers(engine, "host-net");
    });

    test("it cannot change the network, nor anything in /sys", async () => {
      const engine = node(view);
      await bootBoth(engine, "bookworm", network);
      const before = await networkOf(engine);
      const shell = `
      try "link" ip link set lo mtu 65536
      try "address" ip address add 192.0.2.7/32 dev lo && ip address del 192.0.2.7/32 dev lo
      try "new link" ip link add berth-veth type veth && ip link del berth-veth
      try "route" ip route add blackhole 192.0.2.0/24 && ip route del blackhole 192.0.2.0/24
      try "rule" ip rule add priority 9 lookup main && ip rule del priority 9
      try "sysctl" sh -c 'cat /proc/sys/net/ipv4/ip_forward >/run/forward && cat /run/forward >/proc/sys/net/ipv4/ip_forward'
      try "raw socket" perl -MSocket -e 'socket(my $raw, AF_INET, SOCK_RAW, 255) or die "$!"'
      try "firewall" perl -MSocket -e '
        socket(my $netlink, 16, SOCK_RAW, 12) or die "$!";
        send($netlink, pack("LSSLLCCn", 20, 0x0a01, 0x301, 1, 0, 0, 0, 0), 0, pack("SSLL", 16, 0, 0, 0)) or die "$!";
        recv($netlink, my $answer, 8192, 0); my (undef, $type) = unpack("LS", $answer);
        exit 0 if $type != 2; $! = -unpack("l", substr($answer, 16)); $! == 0 or die "$!"'
      mount -o remount,rw /sys; mount -o remount,bind,rw /sys
      try "sysfs" sh -c 'cat /sys/class/net/lo/mtu >/run/mtu && cat /run/mtu >/sys/class/net/lo/mtu'`;
      const attempts = [
        "link",
        "address",
        "new link",
        "route",
        "rule",
        "sysctl",
        "raw socket",
        "firewall",
        "sysfs",
      ];
      const attacker = await attackFrom(engine, prisoner, { shell });
      expectConfined(attacker, await attackFrom(engine, mighty, { shell }), attempts);
      const writable = `
      mount -o remount,rw /sys
      unshare --net --mount sh -c 'mkdir -p /run/sys; mount -o ro -t sysfs sysfs /run/sys; mount -o remount,rw /run/sys
        find /sys /run/sys -path "*/fs/cgroup" -prune -o -type f -writable -print' 2>/dev/null || true`;
      expect(await inside(engine, prisoner, writable)).toBe("");
      // The control: with the host's rights there is something to write to.
      expect(
        await inside(engine, mighty, "mount -o remount,rw /sys; find /sys/kernel/mm -type f -writable"),
      ).toContain("/sys/kernel/mm/");
      expect(await networkOf(engine)).toBe(before);
      await removeContainers(engine, prisoner, mighty);
    });

    test("what is below the host's /sys is not carried along", async () => {
      const engine = node(view);
      await runMachine(engine, "plain", "bookworm", network);
      expect(await booted(engine, "plain")).toBe("running");
      const mounts = (await inside(engine, "plain", "cut -d' ' -f5 /proc/1/mountinfo"))
        .split("\n")
        .filter((point) => point.startsWith("/sys/"));
      expect(mounts.filter((point) => !/^\/sys\/fs\/cgroup(\/|$)/.test(point))).toEqual([]);
      // The control: there are mounts below /sys, those of its own cgroups.
      expect(mounts).toContain("/sys/fs/cgroup");
      await removeContainers(engine, "plain");
    });
  },
);

test.skipIf(!canHaveEngines)(
  "a newer engine and runtime make the same of a folder (needs root)",
  async () => {
    await startOwner(node("newer"));
    await liveFromFolder(node("newer"), "bookworm");
  },
);

describe.skipIf(!canHaveEngines)("folders of an enemy (needs root)", () => {
  const engine = () => node("v2");
  let folder: ForeignRoot;
  let outside: string;
  beforeAll(async () => {
    folder = await foreignRoot(engine(), "enemy", await suites.bookworm());
    outside = await mkdtemp(join(tmpdir(), "berth-outside-"));
    await writeFile(join(outside, "machine-id"), `${kept}\n`);
    await writeFile(join(outside, "os-release"), "ID=centos\nVERSION_ID=7\n");
    await engine().docker("start", "net");
  }, 60_000);

  test("links out of it and a FIFO: nothing of the host's is read, waited for or changed", async () => {
    const { directory, image, binds } = folder;
    for (const path of ["etc/os-release", "etc/machine-id", "etc/hostname", "etc/resolv.conf", "etc/hosts"])
      await rm(join(directory, path), { force: true });
    await rm(join(directory, "usr/lib/os-release"), { force: true });
    await engine().run("mkfifo", join(directory, "etc/os-release"));
    await symlink(join(outside, "machine-id"), join(directory, "etc/machine-id"));
    await symlink(`${"../".repeat(12)}${outside}/hostname`, join(directory, "etc/hostname"));
    await symlink(join(outside, "os-release"), join(directory, "usr/lib/os-release"));
    await symlink(join(outside, "hosts"), join(directory, "etc/hosts"));
    const before = [await listHostFiles(outside), await names(directory)];
    const flags = [network, "-e", "BERTH_MACHINE_ID=keep", "-e", "BERTH_HOSTNAME=enemy", ...binds];
    const id = await runMachine(engine(), "enemy", image, ...flags);
    const uuid = (await engine().docker("exec", "enemy", "cat", "/run/host/container-uuid")).stdout
      .replaceAll("-", "")
      .trim();
    expect(uuid).toBe(id.slice(0, 32));
    expect((await idsOf(engine(), "enemy")).base).toBeGreaterThanOrEqual(0x7000_0000);
    await removeContainers(engine(), "enemy");
    expect(await listHostFiles(outside)).toEqual(before[0] as readonly string[]);
    const made = (await names(directory)).filter((entry) => !before[1]?.includes(entry));
    expect(made.filter((entry) => !entry.startsWith("var/"))).toEqual([]);
  });

  test("links at its top, of the image: they lead to places in the machine", async () => {
    const top = join(folder.directory, "..", "top");
    await mkdir(top);
    await symlink("/", join(top, "etc"));
    await symlink(outside, join(top, "home"));
    for (const name of ["bin", "lib", "lib64", "sbin"]) await symlink(`usr/${name}`, join(top, name));
    await importLinks(engine(), "enemy-top", top, await readdir(top));
    const before = await listHostFiles(outside);
    const bound = folder.binds.filter((bind) => !["etc", "home"].includes(basename(bind)));
    await runMachine(
      engine(),
      "enemy",
      "enemy-top",
      network,
      "-e",
      "BERTH_MACHINE_ID=keep",
      "-e",
      "BERTH_HOSTNAME=enemy",
      ...bound,
    );
    expect((await idsOf(engine(), "enemy")).base).toBeGreaterThanOrEqual(0x7000_0000);
    await removeContainers(engine(), "enemy");
    expect(await listHostFiles(outside)).toEqual(before);
    expect([await stageMounts(engine()), await statesOf(engine())]).toEqual(["", []]);
    await rm(outside, { recursive: true });
  });
});

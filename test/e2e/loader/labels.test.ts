import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { inside } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { echoUnit, greeting, perl } from "#support/perl.ts";
import {
  besides,
  cleanedUp,
  createService,
  failedTask,
  removeService,
  runningTask,
  type ServiceWish,
  type Task,
  tracesOn,
} from "#support/service.ts";
import { addUnit, extractRoot, loaderImage, useSwarm } from "#support/swarm.ts";

const lab = useSwarm({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });
const one = () => lab.node("one");

describe.skipIf(!canHaveEngines)("the loader's labels (needs root)", () => {
  let folder: string;
  let before: readonly string[];
  let service: string | undefined;
  let number = 0;

  beforeAll(async () => {
    folder = await extractRoot(one(), "debian", await labImage("bookworm"));
    // As Debian's netbase makes it; in a root without one, none is made.
    await writeFile(join(folder, "etc/hosts"), "127.0.0.1\tlocalhost\n");
    await addUnit(folder, "echo.service", echoUnit(80));
    await addUnit(folder, "other.service", echoUnit(1005));
    before = await tracesOn(one());
  }, 60_000);
  afterEach(async () => {
    if (service !== undefined) await removeService(one(), service);
    service = undefined;
    await cleanedUp(one(), before);
    expect(await besides(folder)).toEqual([]);
  });

  /** A service with these labels and the folder: its running task. */
  const start = async (
    labels: Readonly<Record<string, string>>,
    flags: readonly string[] = [],
  ): Promise<Task> => {
    await create({ labels: { "berth.loader.root": folder, ...labels }, flags });
    return runningTask(one(), service ?? "");
  };
  const create = async (wish: ServiceWish) => {
    number += 1;
    service = `box${number}`;
    await createService(one(), service, wish);
  };
  const show = async (task: Task, format: string) =>
    (await one().docker("inspect", "--format", format, task.machine)).stdout.trim();
  const environment = (task: Task, names: string) =>
    inside(one(), task.machine, `tr '\\0' '\\n' </proc/1/environ | grep -E '^(${names})=' | sort`);

  test("a folder alone: systemd runs with what every machine has, and the folder's own machine id", async () => {
    await writeFile(join(folder, "etc/machine-id"), `${"5".repeat(32)}\n`);
    const task = await start({});
    expect(
      await inside(
        one(),
        task.machine,
        "systemctl is-system-running; cat /etc/machine-id; readlink /bin; ls -d /usr/lib",
      ),
    ).toBe(`running\n${"5".repeat(32)}\nusr/bin\n/usr/lib`);
    expect(await show(task, '{{index .Config.Labels "berth.loader"}}')).toBe(
      (await one().docker("inspect", "--format", "{{.Id}}", task.loader)).stdout.trim(),
    );
    expect(await show(task, "{{.HostConfig.Runtime}}")).toBe("berth");
  });

  test("the old names: real.root, real.cap-add, real.env.NAME, real.cmd, real.tmpfs", async () => {
    await create({
      labels: {
        "real.root": folder,
        "real.cap-add": "sys-time,CAP_NET_RAW",
        "real.env.GREETING": "good day, \"world\" & 'all' $HOME",
        "real.env.LANG": "C.UTF-8",
        "real.cmd": "systemd.setenv=FROM_ARGUMENT=1",
        "real.tmpfs": "/srv:size=1m",
      },
    });
    const task = await runningTask(one(), service ?? "");
    expect(await environment(task, "GREETING|LANG")).toBe(
      "GREETING=good day, \"world\" & 'all' $HOME\nLANG=C.UTF-8",
    );
    expect((await show(task, "{{.HostConfig.CapAdd}}")).replaceAll("CAP_", "")).toMatch(
      /NET_RAW.*SYS_TIME|SYS_TIME.*NET_RAW/,
    );
    expect(
      await inside(
        one(),
        task.machine,
        "systemctl show-environment | grep FROM_ARGUMENT; findmnt -no FSTYPE,OPTIONS /srv",
      ),
    ).toMatch(/^FROM_ARGUMENT=1\ntmpfs .*size=1024k/);
  });

  test("limits, hostname, stop signal, volumes, environment, entrypoint, by the document's names", async () => {
    const shared = join(dirname(dirname(folder)), "shared");
    await one().run("mkdir", "-p", shared);
    await writeFile(join(shared, "letter"), "dear\n");
    const task = await start({
      "foreign-root.cpuset-cpus": "0",
      "foreign-root.memory": "256M",
      "foreign-root.memory-swap": "512M",
      "foreign-root.hostname": "box.example.com",
      "foreign-root.stop-signal": "rtmin+4",
      "foreign-root.volumes": `/var/lib/data,${shared}:/mnt/shared:ro`,
      "foreign-root.environment": "container=docker,TERM=xterm,'LIST=a,b'",
      "foreign-root.entrypoint": "/lib/systemd/systemd",
    });
    expect(
      await show(task, "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpusetCpus}}"),
    ).toBe(`${256 * 2 ** 20} ${512 * 2 ** 20} 0`);
    expect(await inside(one(), task.machine, "hostname; nproc; cat /etc/hosts")).toMatch(
      /^box\.example\.com\n1\n[\s\S]*^(?:10|172)\.\S+\s+box\.example\.com\b/m,
    );
    expect(await readFile(join(folder, "etc/hosts"), "utf8")).toBe("127.0.0.1\tlocalhost\n");
    expect(await environment(task, "container|TERM|LIST")).toBe("LIST=a,b\nTERM=xterm\ncontainer=docker");
    expect(
      await inside(
        one(),
        task.machine,
        "cat /mnt/shared/letter; findmnt -no OPTIONS /mnt/shared | cut -d, -f1",
      ),
    ).toBe("dear\nro");
    expect((await inside(one(), task.machine, "touch /mnt/shared/x 2>&1 || true")).toLowerCase()).toContain(
      "read-only",
    );
    // An anonymous volume: not in the folder, and gone with the machine (cleanedUp).
    expect(await inside(one(), task.machine, "findmnt -no TARGET /var/lib/data")).toBe("/var/lib/data");
    expect(await show(task, "{{.Config.StopSignal}}")).toMatch(/^(38|SIGRTMIN\+4)$/);
  });

  test("publish: a port, a mapping, another protocol, a range, an address; the peer's own address is seen", async () => {
    const address = one().address ?? "";
    const task = await start({
      "berth.loader.publish": `80,8080:80,2004-2006:1004-1006,53:53/udp,"${address}:81:80"`,
    });
    for (const port of ["80", "8080", "2005", "81"]) {
      const { stdout } = await lab.client().run(...perl(greeting, address, port));
      expect([port, stdout]).toEqual([port, `${lab.client().address}\n`]);
    }
    const udp = `use Socket; $s = IO::Socket::INET->new(Proto => "udp", LocalPort => 53) or die $@; $p = recv($s, $_, 99, 0); ($n, $a) = sockaddr_in($p); print inet_ntoa($a)`;
    const heard = one().docker("exec", task.machine, ...perl(udp));
    const ask = `$s = IO::Socket::INET->new(Proto => "udp", PeerAddr => $ARGV[0], PeerPort => 53); for (1 .. 100) { print $s "x"; select undef, undef, undef, 0.05 }`;
    const asked = lab.client().run(...perl(ask, address));
    expect((await heard).stdout).toBe(lab.client().address ?? "");
    await asked;
  });

  test("args: further flags of docker run; image instead of a folder", async () => {
    const task = await start({
      "berth.loader.args": 'label="a=b,c",ulimit=nofile=1024:2048,--shm-size=8m,oom-score-adj=100',
    });
    expect(await show(task, '{{index .Config.Labels "a"}} {{.HostConfig.ShmSize}}')).toBe(
      `b,c ${8 * 2 ** 20}`,
    );
    // systemd raises its own to what it may have.
    expect(await inside(one(), task.machine, "grep 'open files' /proc/1/limits | tr -s ' '")).toContain(
      " 2048 2048 ",
    );
    await removeService(one(), service ?? "");
    await create({
      labels: {
        "foreign-root.image": "bookworm",
        "berth.loader.profile": "strict",
        "berth.loader.pids": "300",
      },
    });
    const other = await runningTask(one(), service ?? "");
    expect(await inside(one(), other.machine, "systemctl is-system-running")).toBe("running");
    expect(await show(other, "{{.Config.Image}} {{.HostConfig.PidsLimit}}")).toBe("bookworm 300");
  });

  test("secrets and configs of the service are the machine's too, and its credentials", async () => {
    await one().docker("secret", "create", "password", join(folder, "etc/machine-id"));
    await one().docker("config", "create", "settings", join(folder, "etc/debian_version"));
    const task = await start({}, ["--secret=password", "--config=source=settings,target=/etc/settings"]);
    expect(await inside(one(), task.machine, "cat /run/secrets/password")).toBe("5".repeat(32));
    expect(await inside(one(), task.machine, "cmp /etc/settings /etc/debian_version && echo same")).toBe(
      "same",
    );
    const credential =
      "systemd-run --pipe --wait --quiet --property=LoadCredential=password sh -c 'cat $CREDENTIALS_DIRECTORY/password'";
    expect(await inside(one(), task.machine, credential)).toBe("5".repeat(32));
    await removeService(one(), service ?? "");
    service = undefined;
    await one().docker("secret", "rm", "password");
    await one().docker("config", "rm", "settings");
  });

  /** What none of these may lead to: a machine. */
  const refusedAtOnce = async (wishes: readonly (readonly [Readonly<Record<string, string>>, RegExp])[]) => {
    const names = wishes.map((_, index) => `refused${index}`);
    try {
      await Promise.all(
        wishes.map(([labels], index) =>
          createService(one(), names[index] ?? "", { labels, flags: ["--restart-condition=none"] }),
        ),
      );
      const failures = await Promise.all(names.map((name) => failedTask(one(), name)));
      const said = failures.map((failure, index) => [wishes[index]?.[0], failure.said, failure.task.error]);
      expect(said).toEqual(
        wishes.map(([labels, words]) => [
          labels,
          expect.stringMatching(words),
          expect.stringContaining("non-zero exit"),
        ]),
      );
      expect((await one().docker("ps", "--all", "--format", "{{.Names}}")).stdout).not.toContain(".app");
    } finally {
      await removeService(one(), ...names);
    }
  };

  test("values that cannot be are refused, each with a sentence that names it", async () => {
    const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{ "berth.loader.memroy": "3G" }, /berth\.loader\.memroy: unknown label.*memory/],
      [{ "foreign-root.memory": "many" }, /foreign-root\.memory: .*many/],
      [{ "foreign-root.capabilities": "SYS_ADMIN,FLY" }, /FLY/],
      [{ "foreign-root.publish": "25,99999" }, /99999/],
      [{ "foreign-root.publish": "25,25" }, /duplicate host port 25\/tcp/],
      [{ "foreign-root.stop-signal": "loud" }, /loud/],
      [{ "foreign-root.args": "fly=true" }, /fly/],
      [{ "foreign-root.args": "env-file=/etc/passwd" }, /env-file/],
      [{ "foreign-root.args": "network=host" }, /network/],
      [{ "foreign-root.hostname": "-bad-" }, /-bad-/],
      [{ "foreign-root.memory": "1G", "real.memory": "2G" }, /conflicts with the value of/],
      [{ "foreign-root.entrypoint": "sbin/init" }, /absolute path/],
      [{ "foreign-root.volumes": "/a,'/b" }, /'\/b/],
    ];
    await refusedAtOnce(wrong.map(([labels, words]) => [{ "berth.loader.root": folder, ...labels }, words]));
  });

  test("folders that are no machine's are refused", async () => {
    await refusedAtOnce([
      [{ "foreign-root.folder": "/" }, /own root/],
      [{ "foreign-root.folder": "srv/x" }, /absolute path/],
      [{ "foreign-root.folder": "/no/such/folder" }, /\/no\/such\/folder/],
      [{ "foreign-root.folder": "/boot" }, /\/boot/],
    ]);
  });

  test("without the engine's socket, and without any label, it says what is missing", async () => {
    service = "bare";
    const flags = [
      "--detach",
      "--no-resolve-image",
      "--restart-condition=none",
      "--endpoint-mode=dnsrr",
      "--name=bare",
    ];
    await one().docker("service", "create", ...flags, loaderImage);
    expect((await failedTask(one(), service)).said).toContain("/var/run/docker.sock");
    await removeService(one(), service);
    await create({ labels: {}, flags: ["--restart-condition=none"] });
    expect((await failedTask(one(), service)).said).toContain("berth.loader.root");
  });

  test("values that look like options or commands are values", async () => {
    const nasty = "x --privileged\n--volume=/:/host $(touch /tmp/pwned) `id` ; reboot -- -v /:/mnt";
    const task = await start({
      "real.env.NASTY": nasty,
      "real.env.OTHER": "--privileged",
      "berth.loader.args": 'label="a=--privileged"',
    });
    expect(await show(task, "{{.HostConfig.Privileged}} {{json .HostConfig.CapAdd}}")).toMatch(
      /^false (null|\[\])/,
    );
    expect(await show(task, "{{range .Mounts}}{{.Source}} {{end}}")).not.toMatch(/(^| )\/ /);
    expect(await inside(one(), task.machine, "tr '\\0' '\\n' </proc/1/environ | grep -c privileged")).toBe(
      "2",
    );
    expect(await inside(one(), task.machine, "ls -d /host /mnt/etc 2>/dev/null || true")).toBe("");
  });

  test("options within values are refused", async () => {
    const wrong = [
      ["foreign-root.hostname", "box --privileged"],
      ["foreign-root.hostname", "--privileged"],
      ["foreign-root.memory", "1G --privileged"],
      ["foreign-root.cpuset-cpus", "0\n--privileged"],
      ["foreign-root.image", "--privileged"],
      ["foreign-root.stop-signal", "TERM --privileged"],
      ["foreign-root.capabilities", "NET_RAW --privileged"],
      ["foreign-root.lxcfs", "--privileged"],
    ] as const;
    await refusedAtOnce(
      wrong.map(([label, value]) => [
        { "berth.loader.root": folder, [label]: value },
        new RegExp(`${label}: `),
      ]),
    );
  });
});

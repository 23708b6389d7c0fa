import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { labImage, labMailRoot } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist } from "#support/berth.ts";
import { endLxcfs, hasLxcfs, startLxcfs } from "#support/lxcfs.ts";
import { failedUnits, inside } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { echoAddress, greeting, perl } from "#support/perl.ts";
import {
  besides,
  cleanedUp,
  logsOf,
  removeService,
  runningTask,
  type Task,
  tasksOf,
  tracesOn,
} from "#support/service.ts";
import { addUnit, extractRoot, loaderImage, showFolder, useSwarm } from "#support/swarm.ts";

const canHaveLxcfs = canHaveEngines && hasLxcfs;
const lab = useSwarm({
  nodes: {
    manager: { images: [] },
    "server-with-chroot": { images: [] },
    other: { runtime: false },
  },
  images: { bookworm: () => labImage("bookworm") },
  networks: ["special-overlay-network"],
});
const manager = () => lab.node("manager");
const server = () => lab.node("server-with-chroot");

/**
 * The command that foreign-root-loader's users know, word by word, but for three: the loader's image, no
 * virtual address (this kernel may have no IPVS) and no journald on the nodes. An engine refuses a limit of
 * more processors than it has.
 */
const mailcow = `service create
--detach
--constraint=node.hostname==server-with-chroot
--name=mailcow
--mount=type=bind,src=/var/run/docker.sock,dst=/var/run/docker.sock
--network=special-overlay-network
--limit-cpu=1
--limit-memory=32M
--log-driver=json-file
--mode=replicated
--reserve-memory=0M
--restart-condition=any
--restart-delay=10s
--stop-grace-period=180s
--update-delay=60s
--update-parallelism=1
--endpoint-mode=dnsrr
--replicas=1
--container-label=foreign-root.capabilities=SYS_ADMIN
--container-label=foreign-root.folder=/srv/mailcow
--container-label=foreign-root.lxcfs=/var/lib/lxcfs
--container-label=foreign-root.volumes=/root,/run,/run/lock,/sys/fs/cgroup:/sys/fs/cgroup:ro
--container-label=foreign-root.publish=25,80,110,143,443,465,587,993,995
--container-label=foreign-root.entrypoint=/lib/systemd/systemd
--container-label=foreign-root.environment=container=docker,TERM=xterm
--container-label=foreign-root.stop-signal=rtmin+3
--container-label=foreign-root.args=privileged=true,tty=true
--container-label=foreign-root.cpuset-cpus=0,1
--container-label=foreign-root.memory=768M
--container-label=foreign-root.memory-swap=2048M
--container-label=foreign-root.hostname=mailcow.exampl.com
${loaderImage}`.split(/\s+/);

/** Speaks SMTP: HOST, recipient, subject. Prints all replies; fails at the first refusal. */
const sendMail = `
$s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 25, Timeout => 10) or die "no connection: $@";
sub reply { my $line; do { $line = <$s>; print $line } while $line =~ /^\\d\\d\\d-/; $line =~ /^[23]/ or die "refused" }
sub say_it { print $s "$_[0]\\r\\n"; reply() }
reply();
say_it($_) for "EHLO client.example.net", "MAIL FROM:<someone\\@example.net>", "RCPT TO:<$ARGV[1]>", "DATA",
  "From: someone\\@example.net\\r\\nTo: $ARGV[1]\\r\\nSubject: $ARGV[2]\\r\\n\\r\\nDear post,\\r\\nhello.\\r\\n.", "QUIT";
`;

describe.skipIf(!canHaveLxcfs)(
  "the mail server of foreign-root-loader's users, on a swarm (needs root, lxcfs, /dev/fuse and a memory controller in cgroup v1)",
  () => {
    let folder: string;
    let before: readonly string[];
    let task: Task;
    let lxcfs: ChildProcess;

    beforeAll(async () => {
      folder = await extractRoot(server(), "mailcow", await labMailRoot());
      const said = "ExecStop=/bin/sh -c 'echo stopped >/var/log/last-words'";
      await addUnit(
        folder,
        "last-words.service",
        `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n${said}\n`,
      );
      await showFolder(server(), folder, "/srv/mailcow");
      lxcfs = await startLxcfs(server());
      await manager().docker(
        ...[
          "service",
          "create",
          "--detach",
          "--no-resolve-image",
          "--name=app",
          "--endpoint-mode=dnsrr",
          "--stop-signal=KILL",
        ],
        ...[
          "--network=special-overlay-network",
          "--constraint=node.hostname==other",
          "bookworm",
          ...perl(echoAddress, "80"),
        ],
      );
      await runningTask(manager(), "app");
      before = await tracesOn(server());
    }, 300_000);
    afterAll(() => removeService(manager(), "app"));

    test("starts by the command as it is written, and counts as running once systemd is", async () => {
      await manager().docker(...mailcow);
      const starting = await waitFor("the machine is there", async () => {
        const [first] = await tasksOf(manager(), "mailcow");
        if (
          first === undefined ||
          !(await server().docker("ps", "--format", "{{.Names}}")).stdout.includes(first.machine)
        )
          return undefined;
        return first;
      });
      // Not before its machine has booted.
      if (starting.state === "Running")
        expect(await inside(server(), starting.machine, "systemctl is-system-running")).toBe("running");
      task = await runningTask(manager(), "mailcow");
      expect(task.node).toBe("server-with-chroot");
      expect(await inside(server(), task.machine, "systemctl is-system-running")).toBe("running");
      expect(await failedUnits(server(), task.machine)).toBe("");
      const { stdout } = await server().docker(
        "inspect",
        "--format",
        "{{.State.Health.Status}}",
        task.loader,
      );
      expect(stdout).toBe("healthy\n");
    });

    test("its log is the machine's console", async () => {
      // A getty that starts drops what init has just written: no late line.
      expect(await logsOf(manager(), "mailcow")).toContain("Welcome to ");
    });

    test("mail comes in from a host outside, whose own address is in the machine's journal", async () => {
      const address = server().address ?? "";
      const sent = await lab.client().run(...perl(sendMail, address, "post@example.com", "a letter"));
      expect(sent.stdout).toMatch(/^220 mailcow\.exampl\.com ESMTP/);
      const letter = await waitFor("the letter is delivered", async () => {
        const found = await inside(
          server(),
          task.machine,
          "cat /home/post/Maildir/new/* 2>/dev/null || true",
        );
        return found === "" ? undefined : found;
      });
      expect(letter).toContain("Subject: a letter");
      expect(letter).toContain(`[${lab.client().address}]`);
      expect(
        await inside(server(), task.machine, "journalctl --no-pager --identifier=postfix/smtpd"),
      ).toContain(`connect from unknown[${lab.client().address}]`);
    });

    test("its other ports are open outside as well, and no others", async () => {
      const address = server().address ?? "";
      for (const [port, words] of [
        ["143", /^\* OK .*Dovecot/],
        ["110", /^\+OK .*Dovecot/],
        ["587", /^220 mailcow/],
      ] as const) {
        const { stdout } = await lab.client().run(...perl(greeting, address, port));
        expect([port, stdout]).toEqual([port, expect.stringMatching(words)]);
      }
      const closed = `exit(IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 24, Timeout => 3) ? 1 : 0)`;
      await lab.client().run(...perl(closed, address));
    });

    test("an application on another node reaches it by the service's name, and it reaches the application", async () => {
      const app = await runningTask(manager(), "app");
      expect(app.node).toBe("other");
      const asked = await lab.node("other").docker("exec", app.loader, ...perl(greeting, "mailcow", "25"));
      expect(asked.stdout).toMatch(/^220 mailcow\.exampl\.com ESMTP/);
      const answered = await server().docker("exec", task.machine, ...perl(greeting, "app", "80"));
      // Over the overlay, so by the address that it has there.
      expect((await inside(server(), task.machine, "hostname --all-ip-addresses")).split(" ")).toContain(
        answered.stdout.trim(),
      );
    });

    test("each label has had its effect", async () => {
      const show = async (format: string) =>
        (await server().docker("inspect", "--format", format, task.machine)).stdout.trim();
      expect(await show("{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpusetCpus}}")).toBe(
        `${768 * 2 ** 20} ${2048 * 2 ** 20} 0,1`,
      );
      expect(await show("{{.HostConfig.Privileged}} {{.Config.Tty}}")).toBe("true true");
      expect(await inside(server(), task.machine, "hostname")).toBe("mailcow.exampl.com");
      expect(await inside(server(), task.machine, "head -n 1 /proc/meminfo")).toBe(
        "MemTotal:         786432 kB",
      );
      expect(
        await inside(
          server(),
          task.machine,
          "tr '\\0' '\\n' </proc/1/environ | grep -E '^(container|TERM)=' | sort",
        ),
      ).toBe("TERM=xterm\ncontainer=docker");
      expect(await inside(server(), task.machine, "readlink -f /proc/1/exe")).toBe(
        "/usr/lib/systemd/systemd",
      );
      // The volume of the label, not the folder.
      expect(await inside(server(), task.machine, "echo own >/root/note; cat /root/note")).toBe("own");
      expect(existsSync(`${folder}/root/note`)).toBe(false);
      expect(existsSync(`${folder}/home/post/Maildir`)).toBe(true);
      expect((await server().docker("volume", "ls", "--quiet")).stdout).not.toBe("");
    });

    test("a restart of lxcfs does not hurt it", async () => {
      await endLxcfs(server(), lxcfs);
      lxcfs = await startLxcfs(server());
      // As lxcfs's unit does, where `berth install runtime` was there.
      await server().run(`${dist}/berth`, "runtime", "lxcfs");
      expect(await inside(server(), task.machine, "head -n 1 /proc/meminfo")).toBe(
        "MemTotal:         786432 kB",
      );
    });

    test("rm stops it in order and leaves nothing; the folder is as the machine left it", async () => {
      const letters = `${folder}/home/post/Maildir/new`;
      await removeService(manager(), "mailcow");
      await cleanedUp(server(), before);
      expect(existsSync(letters)).toBe(true);
      expect(await readFile(`${folder}/var/log/last-words`, "utf8")).toBe("stopped\n");
      // Neither beside the folder nor where the node sees it is a lease left.
      expect([await besides(folder), (await server().run("ls", "-A", "/srv")).stdout]).toEqual([
        [],
        "mailcow\n",
      ]);
    });
  },
);

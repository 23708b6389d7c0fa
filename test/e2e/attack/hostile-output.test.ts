import { afterEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { labImage } from "#lab/lab-image.ts";
import { dist } from "#support/berth.ts";
import { clean } from "#support/fleet.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";

const program = `${dist}/berth`;
const node = useNodes({
  nodes: { one: {}, plain: { runtime: false } },
  images: { bookworm: () => labImage("bookworm") },
});

/** A name that no other test's machine has: the lab's hybrid engines share this host's cgroups. */
const own = `large-${process.pid}`;

/** An image of bookworm that a script for its shell has changed. */
async function changedImage(
  on: Node,
  name: string,
  script: string,
  ...changes: readonly string[]
): Promise<void> {
  const { stdout } = await on.docker("create", "bookworm", "sh", "-c", script);
  const id = stdout.trim();
  await on.docker("start", "--attach", id);
  await on.docker("commit", ...changes.flatMap((change) => ["--change", change]), id, name);
  await on.docker("rm", id);
}

/** Runs berth and gives, with what came of it, how much memory it had at most, in MiB. */
async function measured(on: Node, args: string) {
  const script =
    '"$@" >"$0.out" 2>&1 & while kill -0 $! 2>&-; do grep VmHWM /proc/$!/status 2>&- >>"$0.peaks"; sleep 0.1; done; wait $!; echo $?';
  const place = `${on.configFile}.${process.pid}`;
  const { stdout } = await on.run(
    "env",
    `DOCKER_HOST=${on.socket}`,
    "bash",
    "-c",
    script,
    place,
    program,
    ...args.split(" "),
  );
  const peaks = [...(await readFile(`${place}.peaks`, "utf8")).matchAll(/(\d+) kB/g)].map(
    ([, size]) => Number(size) / 1024,
  );
  return { status: Number(stdout), said: await readFile(`${place}.out`, "utf8"), peak: Math.max(...peaks) };
}

describe.skipIf(!canHaveEngines)("a machine that says what it likes (needs root)", () => {
  afterEach(async () => {
    for (const name of ["one", "plain"]) await clean(node(name));
  });

  test("a systemctl without an end fills no memory, is ended, and is told about", async () => {
    const flood = `mv /usr/bin/systemctl /usr/bin/systemctl.real; printf '%s\\n' '#!/bin/sh' 'case "$*" in *is-system-running*) exec cat /dev/zero;; esac' 'exec systemctl.real "$@"' >/usr/bin/systemctl; chmod 755 /usr/bin/systemctl`;
    await changedImage(node("one"), "flood", flood, 'CMD ["/sbin/init"]');
    const { status, said, peak } = await measured(node("one"), "up web --image flood");
    expect([status, said]).toEqual([5, expect.stringContaining("its systemctl is not systemd's")]);
    expect(peak).toBeLessThan(300);
    expect((await node("one").docker("top", "web", "-eo", "pid,args")).stdout).not.toContain("/dev/zero");
  });

  test("an os-release of 1500 MB is none", async () => {
    await changedImage(
      node("plain"),
      "large",
      "rm -f /etc/os-release; truncate -s 1500M /etc/os-release",
      'CMD ["/sbin/init"]',
    );
    const { peak } = await measured(node("plain"), `up ${own} --image large --timeout 30s`);
    expect(peak).toBeLessThan(300);
    // By berth, which takes along the cgroup that an engine without the runtime leaves.
    expect((await node("plain").berth(`rm --force ${own}`)).status).toBe(0);
  });

  test("what it wrote on its console before it ended is told without escape sequences", async () => {
    const unit = [
      "[Unit]",
      "DefaultDependencies=no",
      "Before=sysinit.target",
      "[Service]",
      "ExecStart=systemctl --no-block exit 7",
    ];
    const place = "/etc/systemd/system";
    // systemd-shutdown(8) runs it when all else has ended.
    const last = "/usr/lib/systemd/system-shutdown/hostile";
    const hostile = [
      `printf '%s\n' ${unit.map((line) => `'${line}'`).join(" ")} >${place}/hostile.service`,
      `mkdir ${place}/sysinit.target.wants; ln -s ../hostile.service ${place}/sysinit.target.wants/`,
      `printf '%s\n' '#!/bin/sh' 'printf "\\033]52;c;ZXZpbA==\\007\\033[2Jnothing to see\\n" >/dev/console' >${last}; chmod 755 ${last}`,
    ].join("; ");
    await changedImage(node("one"), "hostile", hostile, 'CMD ["/sbin/init"]');
    const { status, stdout, stderr } = await node("one").berth(
      "up web --image hostile --restart no --timeout 20s",
    );
    expect([status, stdout + stderr]).toEqual([5, expect.stringContaining("nothing to see")]);
    expect(stdout + stderr).not.toContain("\x1b");
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { patient } from "#lab/wait-for.ts";
import { attackFrom, attackFromHost, expectConfined } from "#support/attack.ts";
import { clean } from "#support/fleet.ts";
import { idsOf } from "#support/isolated.ts";
import { booted, failedUnits, inside, stateOf } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

// The part of the VM's tests that every `npm test` runs: a machine of each profile, and what differs between
// a lab's engine and a host's own, looked at in these two.
const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });
const mebibyte = 1024 ** 2;
const limit = 160 * mebibyte;

describe.skipIf(!isVmHost)("a machine on a host that people have (needs the VM's host)", () => {
  const host = () => node("host");
  const profiles = ["full", "strict"] as const;
  beforeAll(async () => {
    if (!isVmHost) return;
    const up = profiles.map((profile) =>
      host().berth(
        `up ${profile} --image bookworm --profile ${profile} --memory ${limit / mebibyte}M --wait-timeout 20m`,
      ),
    );
    for (const { status, stderr } of await Promise.all(up))
      expect([status, stderr]).toEqual([0, expect.any(String)]);
  }, patient(120_000));
  afterAll(async () => {
    if (isVmHost) await clean(host());
  }, patient(60_000));

  test("it is that host: systemd, AppArmor, cgroup v2 with controllers, driver systemd", async () => {
    expect((await host().run("cat", "/proc/1/comm")).stdout).toBe("systemd\n");
    expect((await host().run("cat", "/sys/module/apparmor/parameters/enabled")).stdout).toBe("Y\n");
    const controllers = (await host().run("cat", "/sys/fs/cgroup/cgroup.controllers")).stdout;
    expect(controllers.trim().split(" ")).toEqual(expect.arrayContaining(["cpu", "io", "memory", "pids"]));
    const format = "{{.CgroupDriver}} {{.CgroupVersion}}";
    expect((await host().docker("info", "--format", format)).stdout).toBe("systemd 2\n");
  });

  test.each(profiles)("%s is running, with no failed unit and the ids of its profile", async (name) => {
    expect(await booted(host(), name)).toBe("running");
    expect(await failedUnits(host(), name)).toBe("");
    expect((await idsOf(host(), name)).base === 0).toBe(name === "strict");
  });

  test.each(profiles)("what is exec'd into %s is confined as what its init runs", async (name) => {
    const label = "cat /proc/self/attr/apparmor/current 2>/dev/null || cat /proc/self/attr/current";
    const unit = await inside(host(), name, `systemd-run --quiet --pipe --wait --collect sh -c '${label}'`);
    expect(unit).not.toBe("");
    expect(await inside(host(), name, label)).toBe(unit);
    const init = (await stateOf(host(), name)).pid;
    expect((await host().run("cat", `/proc/${init}/attr/current`)).stdout.trim()).toBe(unit.trim());
  });

  test("berth exec into full may do what a unit may", async () => {
    const script =
      "mount -t tmpfs none /mnt && umount /mnt && echo 1 >/proc/sys/net/ipv4/ip_forward && echo done";
    expect(await host().berth(["exec", "full", "sh", "-c", script])).toMatchObject({
      status: 0,
      stdout: "done\n",
    });
  });

  test.each(profiles)("%s: a service beyond the machine's memory is killed, alone", async (name) => {
    const eat = (megabytes: number) =>
      `perl -e "vec(my \\$all, (${megabytes} << 20) - 1, 8) = 1; print length \\$all"`;
    const service = (megabytes: number) =>
      `systemd-run --quiet --pipe --wait --collect -p OOMPolicy=continue sh -c '${eat(megabytes)}; echo " $?"'`;
    expect(await inside(host(), name, service(20))).toBe(`${20 * mebibyte} 0`);
    expect(await inside(host(), name, service(300))).toBe(" 137");
    expect(await inside(host(), name, "systemctl is-system-running")).toBe("running");
  });

  test("root in full sets and reads nothing of the host's, which the host's root does", async () => {
    const shell = `
      try "panic by sysrq" sh -c ': >>/proc/sysrq-trigger'
      try "a setting of the kernel" sh -c 'cat /proc/sys/vm/swappiness >/proc/sys/vm/swappiness'
      try "a setting of the core dumps" sh -c 'cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern'
      try "the kernel's memory" head -c 1 /proc/kcore`;
    const [attacker, control] = [
      await attackFrom(host(), "full", { shell }),
      await attackFromHost(host(), { shell }),
    ];
    const sets = ["panic by sysrq", "a setting of the kernel", "a setting of the core dumps"];
    expectConfined(attacker, control, [...sets, "the kernel's memory"]);
  });
});

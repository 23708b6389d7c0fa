import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { attackFrom, attackFromHost } from "#support/attack.ts";
import { confinedRoot } from "#support/confined-root.ts";
import { booted, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({
  nodes: { host: {} },
  images: { confined: confinedRoot },
});
const host = () => node("host");
const labelOf = async (pid: number) => (await host().run("cat", `/proc/${pid}/attr/current`)).stdout.trim();
const label = "cat /proc/self/attr/current";
const asUnit = (command: string) => `systemd-run --quiet --pipe --wait --collect ${command}`;
const ours = "berth-machine (enforce)";

/** Loads a profile from its text; unloads it, where `how` is `--remove`. */
const parse = (text: string, how = "--replace") =>
  host().run("sh", "-c", 'printf %s "$1" | apparmor_parser "$2"', "sh", text, how);

describe.skipIf(!isVmHost)("under AppArmor (needs the VM's host)", () => {
  beforeAll(async () => {
    await runMachine(host(), "full", "confined");
    expect(await booted(host(), "full")).toBe("running");
  });
  afterAll(() => removeAll(host()));

  test("its first process, its services and what the engine runs in it have one profile", async () => {
    expect(await labelOf((await stateOf(host(), "full")).pid)).toBe(ours);
    expect(await inside(host(), "full", label)).toBe(ours);
    expect(await inside(host(), "full", asUnit(label))).toBe(ours);
  });

  test("a command of the engine's may signal and see the machine's services", async () => {
    const script =
      "kill -0 $(systemctl show -P MainPID cron) && readlink /proc/1/exe && mount -t tmpfs none /mnt && umount /mnt";
    expect(await inside(host(), "full", script)).toContain("/systemd");
  });

  test("users may make user namespaces, and bubblewrap works", async () => {
    const user = (command: string) =>
      inside(host(), "full", `setpriv --reuid=1000 --clear-groups ${command}`);
    expect(await user(`unshare -Urm sh -c 'mount -t tmpfs none /mnt && echo mounted'`)).toBe("mounted");
    expect(await user("bwrap --ro-bind / / --unshare-all --proc /proc echo boxed")).toBe("boxed");
  });

  test("a profile of the host does not attach to the machine's program at its path", async () => {
    const text = "profile berth-test /usr/bin/head { /** rm, }\n";
    const own = "head -n 1 /proc/self/attr/current";
    await parse(text);
    try {
      // The control: on the host it attaches.
      expect((await host().run("sh", "-c", own)).stdout.trim()).toBe("berth-test (enforce)");
      expect(await inside(host(), "full", asUnit(own))).toBe(ours);
      expect(await inside(host(), "full", own)).toBe(ours);
    } finally {
      await parse(text, "--remove");
    }
  });

  test("root gets nothing of the host's /proc and /sys, wherever they are mounted", async () => {
    const shell = `
      mkdir -p /run/p /run/s && mount -t proc proc /run/p
      for proc in /proc /run/p; do
        try "memory by $proc" head -c 1 $proc/kcore
        try "keys by $proc" sh -c ": >>$proc/sysrq-trigger"
        try "swappiness by $proc" sh -c "cat $proc/sys/vm/swappiness >$proc/sys/vm/swappiness"
        try "core pattern by $proc" sh -c "cat $proc/sys/kernel/core_pattern >$proc/sys/kernel/core_pattern"
      done
      umount /run/p; rmdir /run/p /run/s`;
    expect((await attackFrom(host(), "full", { shell })).got).toEqual([]);
    expect(Object.keys((await attackFromHost(host(), { shell })).refused)).toEqual([]);
  });

  test("unloaded, the profile comes back with the next command", async () => {
    await host().run("sh", "-c", "printf berth-machine >/sys/kernel/security/apparmor/.remove");
    expect(await inside(host(), "full", label)).toBe(ours);
  });
});

describe.skipIf(!isVmHost)("a profile that the user names (needs the VM's host)", () => {
  const rules = "file, capability, network, signal, ptrace, unix, umount, pivot_root,";
  const profileOf = (name: string, mounts: string) =>
    `abi <abi/3.0>,\nprofile ${name} flags=(attach_disconnected,mediate_deleted) { ${rules} ${mounts} }\n`;
  const closed = profileOf("berth-test-closed", "deny mount,");
  const open = profileOf("berth-test-open", "mount, remount,");
  beforeAll(async () => {
    if (!isVmHost) return;
    for (const text of [closed, open]) await parse(text);
  });
  afterEach(() => removeAll(host()));
  afterAll(async () => {
    if (isVmHost) for (const text of [closed, open]) await parse(text, "--remove");
  });
  const isFull = async (name: string) => {
    const { pid } = await stateOf(host(), name);
    return !/^\s*0\s+0\s/.test((await host().run("cat", `/proc/${pid}/uid_map`)).stdout);
  };

  test("stays, and the machine is full, where it allows mounts", async () => {
    await runMachine(host(), "open", "confined", "--security-opt=apparmor=berth-test-open");
    expect(await isFull("open")).toBe(true);
    expect(await labelOf((await stateOf(host(), "open")).pid)).toBe("berth-test-open (enforce)");
  });

  test("makes the machine strict where it forbids mounts, and full by name is refused", async () => {
    const flags = ["--security-opt=apparmor=berth-test-closed"];
    await runMachine(host(), "closed", "confined", ...flags);
    expect(await isFull("closed")).toBe(false);
    const run = ["run", "-dt", "--runtime=berth", "--name=named", ...flags, "-e", "BERTH_PROFILE=full"];
    const refused = await host().tryDocker(...run, "confined");
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('the AppArmor profile "berth-test-closed" forbids mounts');
  });
});

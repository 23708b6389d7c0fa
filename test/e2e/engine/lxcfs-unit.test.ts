import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist } from "#support/berth.ts";
import { inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const canHaveLxcfs = canHaveEngines && existsSync("/dev/fuse") && existsSync("/sys/fs/cgroup/memory");
const packages = ["systemd", "systemd-sysv", "dbus", "lxcfs", "fuse3"];
const node = useNodes({
  nodes: canHaveLxcfs ? { one: {} } : {},
  images: { "with-lxcfs": () => labImage("bookworm", packages) },
});
const dropIn = "/etc/systemd/system/lxcfs.service.d/50-berth.conf";
const engineConfig = "--engine-config /etc/docker/daemon.json";
const berth = (command: string) =>
  `/opt/berth/berth --host unix:///run/none.sock ${command} runtime ${engineConfig}`;

describe.skipIf(!canHaveLxcfs)(
  "lxcfs.service of a host with systemd (needs root, /dev/fuse and cgroup v1)",
  () => {
    // A privileged machine is the host here: it has a systemd, and may mount and enter namespaces.
    beforeAll(async () => {
      if (!canHaveLxcfs) return;
      await runMachine(
        node("one"),
        "host",
        "with-lxcfs",
        "--privileged",
        "--volume",
        `${dist}:/opt/berth:ro`,
      );
      const { pid } = await stateOf(node("one"), "host");
      await waitFor("the host boots", async () => {
        const { stdout } = await node("one").run("cat", `/proc/${pid}/cgroup`);
        return stdout.includes("init.scope") &&
          (await inside(node("one"), "host", "systemctl is-system-running || true")) === "running"
          ? true
          : undefined;
      });
    });
    afterAll(async () => {
      if (canHaveLxcfs) await removeAll(node("one"));
    });

    test("install has it renew machines whenever it is started; uninstall takes that back", async () => {
      const at = (script: string) => inside(node("one"), "host", script);
      // Debian's unit starts in no container.
      await at(
        "mkdir /etc/systemd/system/lxcfs.service.d; cd /etc/systemd/system/lxcfs.service.d && printf '[Unit]\\nConditionVirtualization=\\n' >10-test.conf",
      );
      await at(berth("install"));
      expect(await at(`cat ${dropIn}`)).toContain(
        "\nExecStartPost=-/usr/local/lib/berth/berth runtime lxcfs",
      );
      await at("systemctl restart lxcfs");
      // A mount namespace as berth-runtime makes it for a machine, as far as lxcfs goes.
      const mounts = ["/run/berth/runtime/x/host /run/host", "/var/lib/lxcfs/proc/uptime /proc/uptime"].map(
        (bind) => `mount --bind ${bind}`,
      );
      await at(
        `mkdir -p /run/berth/runtime/x/host && systemd-run --quiet --unit=machine unshare --mount sh -c '${mounts.join(" && ")} && exec sleep 600'`,
      );
      const look =
        "nsenter --mount=/proc/$(systemctl show -P MainPID machine)/ns/mnt cat /proc/uptime 2>&1 || true";
      const device =
        "nsenter --mount=/proc/$(systemctl show -P MainPID machine)/ns/mnt sed -n 's,^[0-9]* [0-9]* \\([0-9:]*\\) /proc/uptime .*fuse.lxcfs.*,\\1,p' /proc/self/mountinfo";
      await waitFor(
        "the machine is made",
        async () => (await at(`${device} 2>/dev/null || true`)) || undefined,
      );
      const answers = /^\d+\.\d+ \d+\.\d+$/;
      expect(await at(look)).toMatch(answers);
      const devices = [await at(device)];
      await at("systemctl restart lxcfs");
      expect(await at(look)).toMatch(answers);
      devices.push(await at(device));
      // A crash: systemd starts it again by itself.
      await at("kill -KILL $(systemctl show -P MainPID lxcfs)");
      const other = async () => {
        const found = await at(device);
        return /^\d+:\d+$/.test(found) && !devices.includes(found) ? found : undefined;
      };
      devices.push(await waitFor("the machine has another lxcfs", other));
      // Only now has what renews it had its say.
      const settled = async () =>
        (await at("systemctl show -P SubState lxcfs")) === "running" ? true : undefined;
      await waitFor("lxcfs has started", settled);
      expect(await at(look)).toMatch(answers);
      expect(devices.every((found) => /^\d+:\d+$/.test(found))).toBe(true);
      expect(new Set(devices).size).toBe(3);
      await at("journalctl --sync");
      expect(
        await at(
          "journalctl --unit=lxcfs --no-pager --output=cat | grep -c 'mounted lxcfs anew in 1 mount namespace'",
        ),
      ).toBe("2");

      await at(berth("uninstall"));
      expect(await at("ls /etc/systemd/system/lxcfs.service.d")).toBe("10-test.conf");
      expect(await at("systemctl show --property=ExecStartPost,NeedDaemonReload lxcfs")).toBe(
        "NeedDaemonReload=no",
      );
    });
  },
);

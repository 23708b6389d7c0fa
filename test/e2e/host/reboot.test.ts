import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { emptyEngine, giveImage } from "#lab/host-node.ts";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { parseList } from "#support/fleet.ts";
import { booted, runMachine } from "#support/machine.ts";
import { ownHost } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

// The VM's runner runs this file, boots the VM anew, and runs it again: what is there then is what the first
// run left.
const boot = Number(process.env.BERTH_TEST_BOOT ?? 0);
const host = ownHost();
const berth = async (words: string) => {
  const result = await host.berth(words);
  expect([words, result.status, result.stderr]).toEqual([words, 0, expect.any(String)]);
  return result.stdout;
};
const shell = async (script: string) => (await host.run("sh", "-c", script)).stdout;

/** Sets live-restore in daemon.json, which the engine reads again without a restart. */
async function setLiveRestore(on: boolean): Promise<void> {
  const settings = JSON.parse(await readFile(host.configFile, "utf8")) as object;
  await writeFile(host.configFile, JSON.stringify({ ...settings, "live-restore": on }));
  await host.run("systemctl", "reload", "docker.service");
  await waitFor("the engine has read it", async () => {
    const { stdout } = await host.docker("info", "--format", "{{.LiveRestoreEnabled}}");
    return stdout.trim() === String(on);
  });
}

/** Leaves a file when the machine shuts down cleanly. */
const mark = "systemd-run --unit=mark -p RemainAfterExit=yes -p ExecStop='/bin/touch /clean' true";

describe.skipIf(!isVmHost || boot === 0)("what is installed outlives a reboot (needs the VM's host)", () => {
  setDefaultTimeout(patient(120_000));

  test.skipIf(boot !== 1)(
    "before: the runtime is installed, and machines run (needs the first boot)",
    async () => {
      await emptyEngine(host);
      // The engine ends without the machines then, and what shuts them down is berth-stop.service.
      await setLiveRestore(true);
      await giveImage(host, "bookworm", await labImage("bookworm"));
      await berth("install runtime");
      await berth("up web --image bookworm --wait-timeout 20m");
      await runMachine(host, "kept", "bookworm", "--restart=always");
      await host.docker("exec", "web", "sh", "-c", "echo dear >/root/letter; sync");
      expect(await booted(host, "kept")).toBe("running");
      await host.docker("exec", "kept", "sh", "-c", mark);
      expect(await shell("systemctl is-active berth-stop.service")).toBe("active\n");
    },
  );

  test.skipIf(boot !== 2)("after: they boot again, with what they had (needs the second boot)", async () => {
    expect((await host.docker("info", "--format", "{{json .Runtimes}}")).stdout).toContain('"berth"');
    await berth("start web --wait-timeout 20m");
    expect(await berth("exec web cat /root/letter")).toBe("dear\n");
    for (const name of ["web", "kept"]) expect(await booted(host, name)).toBe("running");
    const list = parseList<{ readonly name: string; readonly state: string }>(await berth("ls --json"));
    expect(list).toContainEqual(expect.objectContaining({ name: "web", state: "running" }));
    // It was shut down with the host, not killed.
    expect((await host.docker("exec", "kept", "ls", "/clean")).stdout).toBe("/clean\n");
    expect(await shell("systemctl is-active berth-stop.service")).toBe("active\n");
    expect(await shell("journalctl --boot --quiet --grep='ordering cycle' || true")).toBe("");
    await berth("down --yes web");
    await emptyEngine(host);
  });

  test.skipIf(boot !== 2)("and nothing is left of what is uninstalled (needs the second boot)", async () => {
    const profiles = async () =>
      (await shell("cat /sys/kernel/security/apparmor/profiles 2>/dev/null || true")).split("\n").toSorted();
    const others = (await profiles()).filter((line) => !line.startsWith("berth-machine"));
    await berth("uninstall runtime");
    expect(await shell("systemctl list-units --plain --no-legend 'berth-*'")).toBe("");
    expect(await shell("ls /etc/systemd/system | grep berth || true")).toBe("");
    expect(await profiles()).toEqual(others);
    expect((await host.docker("info", "--format", "{{json .Runtimes}}")).stdout).not.toContain('"berth"');
    await setLiveRestore(false);
  });
});

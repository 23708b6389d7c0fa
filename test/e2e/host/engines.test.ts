import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { readIfThere } from "#host/files/read-if-there.ts";
import { run, tryRun } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist, runBerth } from "#support/berth.ts";
import { withSettings } from "#support/daemon-json.ts";
import { errorCode } from "#support/fleet.ts";
import { booted, inside, removeAll, runMachine, stateOf } from "#support/machine.ts";
import { useNodes } from "#support/nodes.ts";
import { isVmHost } from "#support/vm-host.ts";

const node = useNodes({ nodes: { host: {} }, images: { bookworm: () => labImage("bookworm") } });
const host = () => node("host");
const emulated = 900_000;

describe.skipIf(!isVmHost)("the kinds of engine that people have (needs the VM's host)", () => {
  setDefaultTimeout(emulated);
  afterEach(() => removeAll(host()));

  test("CDI's hooks, which run as the machine's root, read its bundle", async () => {
    const [hook, spec, proof] = ["/usr/local/bin/fake-cdi-hook", "/etc/cdi/fake.json", "/tmp/fake-cdi"];
    // As NVIDIA's does: the bundle's path is in the state that a runtime hands to hooks.
    await writeFile(
      hook,
      `#!/bin/sh
bundle=$(sed -n 's/.*"bundle":"\\([^"]*\\)".*/\\1/p')
grep -q '"root"' "$bundle/config.json" && echo "$(id -u) $(sed -n 1p /proc/self/uid_map)" >${proof}
`,
    );
    await chmod(hook, 0o755);
    await mkdir("/etc/cdi", { recursive: true });
    const hooks = [{ hookName: "createContainer", path: hook, args: ["fake-cdi-hook"] }];
    const devices = [{ name: "one", containerEdits: { hooks } }];
    await writeFile(spec, JSON.stringify({ cdiVersion: "0.5.0", kind: "fake.com/gpu", devices }));
    try {
      await runMachine(host(), "gpu", "bookworm", "--device", "fake.com/gpu=one");
      expect(await booted(host(), "gpu")).toBe("running");
      const { pid } = await stateOf(host(), "gpu");
      const map = readFileSync(`/proc/${pid}/uid_map`, "utf8");
      const base = map.trim().split(/\s+/)[1];
      expect(base).not.toBe("0");
      expect(await readIfThere(proof)).toMatch(new RegExp(`^0 +0 +${base} `));
    } finally {
      for (const path of [hook, spec, proof]) await rm(path, { force: true });
    }
  });

  test("an engine by TCP is refused, and the host's file stays", async () => {
    const before = readFileSync(host().configFile, "utf8");
    const { status, stdout } = await runBerth("tcp://127.0.0.1:2375", ["install", "runtime", "--json"]);
    expect([status, errorCode(stdout)]).toEqual([1, "host-unfit"]);
    expect(readFileSync(host().configFile, "utf8")).toBe(before);
  });

  test("the runtime has containerd's environment, or what the installation says", async () => {
    const dropIn = "/run/systemd/system/containerd.service.d/50-test.conf";
    const first = "/usr/local/bin/first-runtime";
    await writeFile(first, '#!/bin/sh\necho "$0" >>/run/first-runtime\nexec runc "$@"\n');
    await chmod(first, 0o755);
    await mkdir("/run/systemd/system/containerd.service.d", { recursive: true });
    await writeFile(dropIn, `[Service]\nEnvironment=BERTH_REAL_RUNTIME=${first}\n`);
    const restart = async () => {
      await run("systemctl", ["daemon-reload"]);
      await run("systemctl", ["restart", "containerd", "docker"]);
    };
    try {
      await restart();
      await runMachine(host(), "env", "bookworm");
      expect(await readIfThere("/run/first-runtime")).toContain(first);
    } finally {
      await rm(dropIn);
      await restart();
      await removeAll(host());
      for (const path of [first, "/run/first-runtime"]) await rm(path, { force: true });
    }
  });

  test("crun starts the machines, where the installation says so", async () => {
    await host().berth("install runtime --real-runtime /usr/bin/crun");
    try {
      for (const profile of ["full", "strict"]) {
        await runMachine(host(), profile, "bookworm", "-e", `BERTH_PROFILE=${profile}`);
        expect(await booted(host(), profile)).toBe("running");
        const { pid } = await stateOf(host(), profile);
        const [, base] = readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/);
        expect([profile, base !== "0"]).toEqual([profile, profile === "full"]);
        expect(await inside(host(), profile, "systemctl --failed --no-legend")).toBe("");
        await host().docker("stop", profile);
      }
      expect(readFileSync("/usr/local/lib/berth/berth-runtime", "utf8")).toContain("\nreal=/usr/bin/crun\n");
    } finally {
      await removeAll(host());
      await host().berth("install runtime");
    }
  });

  test("userns-remap: machines boot, strict, and doctor says why", async () => {
    const undo = await withSettings(host(), { "userns-remap": "default" });
    try {
      await host().docker("import", "--change", 'CMD ["/sbin/init"]', await labImage("bookworm"), "remapped");
      await runMachine(host(), "mapped", "remapped");
      expect(await booted(host(), "mapped")).toBe("running");
      expect(await kindOf(host().socket)).toMatchObject({
        status: "warn",
        detail: expect.stringMatching(/^userns-remap: /),
      });
      await removeAll(host());
      await host().docker("rmi", "remapped");
    } finally {
      await undo();
    }
  });
});

const needed = ["/usr/bin/rootlesskit", "/usr/bin/newuidmap", "/usr/bin/slirp4netns", "/usr/sbin/useradd"];
const canBeRootless = isVmHost && needed.every((program) => existsSync(program));
const user = "berth-ada";

describe.skipIf(!canBeRootless)(
  "rootless Docker (needs the VM's host, with rootlesskit, uidmap, slirp4netns, passwd)",
  () => {
    setDefaultTimeout(emulated);
    afterEach(async () => {
      await tryRun("loginctl", ["disable-linger", user]);
      await tryRun("systemctl", ["stop", "rootless-test"]);
      await waitFor(
        "the user's manager ends",
        async () => (await tryRun("userdel", ["-r", user])).status === 0,
        60_000,
      );
    });

    test("its user installs the runtime; machines boot, strict, and doctor says why", async () => {
      await run("useradd", ["-m", user]);
      await run("loginctl", ["enable-linger", user]);
      const uid = (await run("id", ["-u", user])).stdout.trim();
      const runtimeDirectory = `/run/user/${uid}`;
      await waitFor("its runtime directory", async () => existsSync(runtimeDirectory), 60_000);
      const socket = `unix://${runtimeDirectory}/docker.sock`;
      const asUser = (...command: readonly string[]) =>
        run("setpriv", [
          ...[`--reuid=${user}`, `--regid=${user}`, "--init-groups", "env", "-i", `HOME=/home/${user}`],
          ...[`XDG_RUNTIME_DIR=${runtimeDirectory}`, `PATH=${process.env.PATH}`, `DOCKER_HOST=${socket}`],
          ...command,
        ]);
      await run("systemd-run", [
        ...["--quiet", "--unit=rootless-test", `--uid=${user}`, "--property=Delegate=yes"],
        // As in Docker's own unit: else its shims end first, and machines outlive it.
        "--property=KillMode=mixed",
        ...[`--setenv=HOME=/home/${user}`, `--setenv=XDG_RUNTIME_DIR=${runtimeDirectory}`],
        ...[
          `--setenv=PATH=/usr/sbin:/usr/bin:/sbin:/bin`,
          "/usr/share/docker.io/contrib/dockerd-rootless.sh",
        ],
      ]);
      const answers = async () =>
        (await tryRun("/usr/bin/docker", ["--host", socket, "version"])).status === 0;
      await waitFor("it answers", answers, 300_000);
      // To root it is another's engine.
      const byRoot = await runBerth(socket, ["install", "runtime", "--json"]);
      expect(errorCode(byRoot.stdout)).toBe("host-unfit");
      await asUser(`${dist}/berth`, "install", "runtime", "--in-place");
      expect(readFileSync(`/home/${user}/.config/docker/daemon.json`, "utf8")).toContain("berth-runtime");
      await asUser(
        "docker",
        "import",
        "--change",
        'CMD ["/sbin/init"]',
        await labImage("bookworm"),
        "bookworm",
      );
      await asUser("docker", "run", "-dt", "--runtime=berth", "--name", "web", "bookworm");
      const isRunning = async () => {
        const { stdout } = await tryRun("/usr/bin/docker", [
          ...["--host", socket, "exec", "web", "systemctl", "is-system-running", "--wait"],
        ]);
        return stdout.trim() === "running";
      };
      await waitFor("the machine boots", isRunning, 300_000);
      expect(await kindOf(socket)).toMatchObject({
        status: "warn",
        detail: expect.stringMatching(/^rootless: /),
      });
      await asUser("docker", "rm", "--force", "web");
      // All that is kept of a machine is in files.
      const { stdout } = await run("find", [`${runtimeDirectory}/berth/runtime`, "-type", "f"]);
      expect(stdout).toBe("");
    });
  },
);

async function kindOf(socket: string): Promise<unknown> {
  const { stdout } = await runBerth(socket, ["doctor", "--json"]);
  return (JSON.parse(stdout) as { id: string }[]).find(({ id }) => id === "engine-kind");
}

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import { cgroupFile } from "#support/cgroup-file.ts";
import { addresses, clean, containers, networks, parseList, useFleets } from "#support/fleet.ts";
import { inside } from "#support/machine.ts";
import { canHaveEngines, useNodes } from "#support/nodes.ts";

const node = useNodes({ nodes: { one: {} }, images: { bookworm: () => labImage("bookworm") } });
const fleet = useFleets();
const webAndDb = `
network: {domain: lab.test, subnet: 172.30.5.0/24}
defaults: {image: bookworm, environment: {COMMON: yes-please}}
machines:
  web:
    address: 172.30.5.10
    aliases: [www]
    publish: ["18080:80", 81]
    volumes: ["data:/srv", "./shared:/mnt/shared:ro"]
    environment: {OWN: "1"}
    memory: 256M
    cpus: 0.5
    hostname: front
    depends_on: [db]
  db: {}
`;

describe.skipIf(!canHaveEngines)("berth up (needs root)", () => {
  afterEach(() => clean(node("one")));

  test("without a file: creates, keeps what runs, starts what stopped, makes anew what was removed", async () => {
    const up = async () => parseList((await node("one").berth("up web db --image bookworm --json")).stdout);
    const first = await node("one").berth("up web db --image bookworm --json");
    expect(first.status).toBe(0);
    const made = parseList(first.stdout);
    expect(made.map(({ name, action, state }) => [name, action, state])).toEqual([
      ["web", "created", "running"],
      ["db", "created", "running"],
    ]);
    const ids = await containers(node("one"));
    expect((await up()).map(({ action, state }) => [action, state])).toEqual([
      ["kept", "running"],
      ["kept", "running"],
    ]);
    expect(await containers(node("one"))).toEqual(ids);
    await node("one").docker("stop", "web");
    const again = await up();
    expect(again.map(({ action }) => action)).toEqual(["started", "kept"]);
    expect(again.map(({ address }) => address)).toEqual(made.map(({ address }) => address));
    await node("one").docker("rm", "--force", "db");
    expect((await up()).map(({ action }) => action)).toEqual(["kept", "created"]);
    expect((await containers(node("one"))).get("web")?.id).toBe(ids.get("web")?.id as string);
  });

  test("NAMES and IMAGE in the environment do the same, and plain output goes to where it belongs", async () => {
    const { status, stdout, stderr } = await node("one").berth("up", {
      env: { NAMES: "web db", IMAGE: "bookworm" },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^NAME +STATE +ADDRESS.*\nweb +running +10\.72\.0\.2.*\ndb +running +10\.72\.0\.3.*\n$/,
    );
    expect(stderr).toMatch(/^web: booting/m);
    expect((await node("one").berth("ls -q")).stdout.split("\n").toSorted()).toEqual(["", "db", "web"]);
  });

  test("--dry-run tells what would be made, as text and as JSON, and makes nothing", async () => {
    const cwd = fleet(webAndDb);
    const dryRun = await node("one").berth("up --dry-run", { cwd });
    expect(dryRun.stdout).toBe(
      "create network lab.test 172.30.5.0/24\ncreate db 172.30.5.2 from bookworm, start it\ncreate web 172.30.5.10 from bookworm, start it\n",
    );
    expect(
      parseList<{ readonly do: string }>(
        (await node("one").berth("up --dry-run --json", { cwd })).stdout,
      ).map((step) => step.do),
    ).toEqual(["create-network", "create", "create"]);
    expect([(await containers(node("one"))).size, await networks(node("one"))]).toEqual([0, []]);
  });

  test("down asks, then removes the file's machines and network, and no volume and nothing of others", async () => {
    const cwd = fleet(webAndDb);
    expect((await node("one").berth("up", { cwd })).status).toBe(0);
    await node("one").docker("run", "-d", "--name", "foreign", "bookworm", "sleep", "600");
    expect((await node("one").berth("down", { cwd })).status).toBe(2);
    expect((await containers(node("one"))).size).toBe(3);
    expect((await node("one").berth("down --yes", { cwd })).status).toBe(0);
    expect([...(await containers(node("one"))).keys()]).toEqual(["foreign"]);
    expect(await networks(node("one"))).toEqual([]);
    expect((await node("one").docker("volume", "ls", "-q")).stdout).toBe("data\n");
    expect((await node("one").berth("down --yes", { cwd })).status).toBe(0);
  });

  test("--parallel bounds how many boot at once, and all get addresses of their own", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `many${index}`);
    const running = node("one").startBerth(["up", ...names, "--image", "bookworm", "--parallel", "2"]);
    const { status, stderr } = await running.ended;
    expect(status).toBe(0);
    let booting = 0;
    let most = 0;
    for (const line of stderr.split("\n")) {
      if (/: starting/.test(line)) booting += 1;
      if (/: running/.test(line)) booting -= 1;
      most = Math.max(most, booting);
    }
    expect(most).toBe(2);
    expect(new Set(await addresses(node("one"))).size).toBe(6);
    expect((await node("one").berth("down --yes --all")).status).toBe(0);
  });

  test("a degraded machine: status 5, its unit, its journal; it runs on", async () => {
    const engine = node("one");
    const unit =
      '[Service]\\nType=oneshot\\nExecStart=sh -c "echo the disk is on fire; exit 3"\\n[Install]\\nWantedBy=multi-user.target\\n';
    await engine.docker(
      "run",
      "--name",
      "builder",
      "bookworm",
      "sh",
      "-c",
      `printf '${unit}' >/etc/systemd/system/broken.service; systemctl enable broken; mkdir -p /var/log/journal`,
    );
    await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "builder", "degraded");
    const { status, stdout } = await engine.berth("up sick --image degraded");
    expect(status).toBe(5);
    expect(stdout).toContain("sick is degraded");
    expect(stdout).toContain("broken.service");
    expect(stdout).toContain("the disk is on fire");
    const [sick] = parseList((await engine.berth("up sick --image degraded --json")).stdout);
    expect([sick?.state, sick?.action, sick?.failedUnits.map(({ unit }) => unit)]).toEqual([
      "degraded",
      "kept",
      ["broken.service"],
    ]);
    expect(sick?.failedUnits[0]?.lines.join("\n")).toContain("the disk is on fire");
    expect((await engine.berth("up sick --image degraded --no-wait")).status).toBe(0);
    // What it said in an earlier boot, which to the journal is the same one, is not repeated.
    const again = await engine.berth("restart sick");
    expect([again.status, again.stderr.match(/the disk is on fire/g)]).toEqual([5, ["the disk is on fire"]]);
  });

  test("an init that ends while it boots: status 5 with the console's last lines", async () => {
    const { status, stdout } = await node("one").berth(
      "up dead --image bookworm --restart no --command /sbin/init --command --unit=halt.target",
    );
    expect(status).toBe(5);
    expect(stdout).toContain("dead exited while booting, with status 0");
    expect(stdout).toContain("Halting system.");
  });

  test("a boot that takes long: --no-wait does not wait, and --wait-timeout ends the waiting with status 5 and what it waits for", async () => {
    const engine = node("one");
    const unit = "[Service]\\nType=oneshot\\nExecStart=sleep 60\\n[Install]\\nWantedBy=multi-user.target\\n";
    await engine.docker(
      "run",
      "--name",
      "builder",
      "bookworm",
      "sh",
      "-c",
      `printf '${unit}' >/etc/systemd/system/tired.service; systemctl enable tired`,
    );
    await engine.docker("commit", "--change", 'CMD ["/sbin/init"]', "builder", "slow");
    const { status, stdout } = await engine.berth("up slow --image slow --no-wait --json");
    expect([status, parseList(stdout)[0]?.state]).toEqual([0, "started"]);
    await waitFor("the boot has come so far", async () => {
      const { stdout: jobs } = await engine.tryDocker("exec", "slow", "systemctl", "list-jobs");
      return jobs.includes("tired.service") ? true : undefined;
    });
    const late = await engine.berth("up slow --image slow --wait-timeout 3s --json");
    const [slow] = parseList(late.stdout);
    expect([late.status, slow?.error?.code]).toEqual([5, "boot-timeout"]);
    expect(JSON.stringify(slow?.error?.details)).toContain("tired.service");
  });
});

describe.skipIf(!canHaveEngines)("what berth.yaml says is what machines get (needs root)", () => {
  const lastingFleet = useFleets(afterAll);
  const engine = () => node("one");
  let cwd: string;
  let up: RunResult;
  beforeAll(async () => {
    cwd = lastingFleet(webAndDb);
    up = await engine().berth("up", { cwd });
    if (up.status !== 0) throw new Error(up.stderr);
  }, patient(60_000));
  afterAll(() => clean(engine()));

  test("each starts after what it depends on has booted", () => {
    expect(up.stderr).toMatch(/db: running[\s\S]*web: starting/);
  });

  test("the hostname, the domain, and the environment, the common one too", async () => {
    const script = "hostname; hostname -f; tr '\\0' '\\n' </proc/1/environ | grep -E '^(OWN|COMMON)=' | sort";
    expect(await inside(engine(), "web", script)).toBe("front\nfront.lab.test\nCOMMON=yes-please\nOWN=1");
  });

  test.each(["web", "www", "front", "web.lab.test", "www.lab.test"])(
    "the address, under the name %s",
    async (name) => {
      expect(await inside(engine(), "db", `getent hosts ${name} | cut -d' ' -f1`)).toBe("172.30.5.10");
    },
  );

  test("volumes, a read-only one of them", async () => {
    const script = "touch /srv/kept && stat -c %a /mnt/shared && ! touch /mnt/shared/x 2>&1";
    expect(await inside(engine(), "web", script)).toMatch(
      /^755\ntouch: .*\/mnt\/shared\/x.*: Read-only file system$/,
    );
  });

  test("limits: the engine knows them, and the kernel has them", async () => {
    const format = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.Runtime}}";
    const { stdout } = await engine().docker("inspect", "--format", format, "web");
    expect(stdout.trim()).toBe(`${256 << 20} 500000000 berth`);
    const files = { v1: "memory.limit_in_bytes", v2: "memory.max" };
    expect(await cgroupFile(engine(), "web", "memory", files)).toBe(`${256 << 20}\n`);
  });

  test("a published port answers on the host", async () => {
    const server =
      "$s = IO::Socket::INET->new(Listen => 1, LocalPort => 80); while ($c = $s->accept) { print $c 'hello'; close $c }";
    await engine().docker(
      ...["exec", "web", "systemd-run", "--unit=server"],
      ...["perl", "-MIO::Socket::INET", "-e", server.replaceAll("$", "$$$$")],
    );
    const answer = await waitFor("the published port answers", async () => {
      const asked = await engine()
        .run("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/18080 && cat <&3")
        .catch(() => undefined);
      return asked?.stdout || undefined;
    });
    expect(answer).toBe("hello");
  });

  test("what the file says otherwise later is told, and not done", async () => {
    const file = join(cwd, "berth.yaml");
    writeFileSync(file, webAndDb.replace("256M", "300M"));
    try {
      const differing = await engine().berth("up", { cwd });
      expect([differing.status, differing.stderr]).toEqual([
        0,
        expect.stringContaining(`web: memory is ${256 << 20}, the file says ${300 << 20}`),
      ]);
      const [, web] = parseList((await engine().berth("up --json", { cwd })).stdout);
      expect(web?.differences.map(({ key }) => key)).toEqual(["memory"]);
    } finally {
      writeFileSync(file, webAndDb);
    }
  });
});

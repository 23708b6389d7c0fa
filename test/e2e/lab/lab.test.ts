import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { tryRun } from "#host/process/run.ts";
import { canMakeLab, createLab, type Lab, type LabNode } from "#lab/lab.ts";
import { labEngineRoot, labImage } from "#lab/lab-image.ts";
import { cgroupsOf, isThere, mountsNaming, ownNamespaces, processesOf, ticksNow } from "#lab/traces.ts";
import { waitFor } from "#lab/wait-for.ts";

const isPossible = await canMakeLab();
if (!isPossible) console.warn("skipped: a lab needs root and namespaces of its own");

describe.skipIf(!isPossible)("a lab of three nodes (needs root)", () => {
  let lab: Lab;
  let namespaces: readonly string[];
  beforeAll(async () => {
    const images = { debian: await labImage("bookworm") };
    const rootDirectory = await labEngineRoot("trixie");
    lab = await createLab({
      nodes: [
        { name: "one", images },
        { name: "two", cgroupView: "v2", uplink: true, images },
        { name: "newer", rootDirectory, images: { ...images, spare: await labImage("trixie") } },
      ],
      wire: true,
      client: true,
    });
    namespaces = (
      await Promise.all(
        [...lab.nodes, ...(lab.client ? [lab.client] : [])].map(({ pid }) => ownNamespaces(pid)),
      )
    ).flat();
  }, 180_000);
  afterAll(() => lab.destroy());

  test("each node has its own view of cgroups, network and processes, and runs containers", async () => {
    expect(namespaces).toHaveLength(10);
    const versions = await Promise.all(
      lab.nodes.map((node) => node.docker("info", "--format", "{{.CgroupVersion}} {{.Name}}")),
    );
    const host = (await readFile("/proc/self/mountinfo", "utf8")).includes(" - cgroup ") ? "1" : "2";
    expect(versions.map(({ stdout }) => stdout.trim())).toEqual([`${host} one`, "2 two", `${host} newer`]);
    for (const node of lab.nodes) await node.docker("run", "--rm", "debian", "true");
    const { stdout } = (await lab.nodes[0]?.docker("run", "--rm", "debian", "cat", "/proc/self/cgroup")) ?? {
      stdout: "",
    };
    expect(stdout).toContain(`/berth-engine-lab-`);
  }, 30_000);

  test("nodes share the files of an image; none changes them, and one that removes it takes it from no other", async () => {
    const files = async (node: LabNode | undefined, image: string) => {
      const words = ["image", "inspect", "--format", "{{.GraphDriver.Data.UpperDir}}", image];
      const directory = (await node?.docker(...words))?.stdout.trim() ?? "";
      return (await node?.run("stat", "--format=%d:%i", join(directory, "etc")))?.stdout;
    };
    const [one, , newer] = lab.nodes;
    expect(await files(one, "debian")).toMatch(/^\d+:\d+\n$/);
    expect(await files(newer, "debian")).toBe(await files(one, "debian"));
    await newer?.docker("run", "--rm", "debian", "rm", "-r", "/etc/debian_version", "/usr/share");
    await newer?.docker("rmi", "spare");
    expect((await newer?.docker("images", "--format={{.Repository}}"))?.stdout).toBe("debian\n");
    await one?.docker("run", "--rm", "debian", "cat", "/etc/debian_version");
    // The one that was removed, as the next engine gets it.
    const next = await createLab({ nodes: [{ name: "next", images: { spare: await labImage("trixie") } }] });
    try {
      await next.nodes[0]?.docker("run", "--rm", "spare", "cat", "/etc/debian_version");
    } finally {
      await next.destroy();
    }
  }, 60_000);

  test("nodes and client reach each other over the wire", async () => {
    const [one, two] = lab.nodes;
    if (one?.address === undefined || two?.address === undefined) throw new Error("no addresses");
    await one.docker("run", "--rm", "--network", "host", "debian", "ping", "-c1", "-W2", two.address);
    await two.docker("run", "--rm", "--network", "host", "debian", "ping", "-c1", "-W2", one.address);
    const server =
      "$s = IO::Socket::INET->new(Listen => 1, LocalPort => 80); while ($c = $s->accept) { print $c $c->peerhost; close $c }";
    await one.docker(
      "run",
      "--detach",
      "--name",
      "web",
      "--publish",
      "8080:80",
      "debian",
      "perl",
      "-MIO::Socket::INET",
      "-e",
      server,
    );
    let answer = "";
    await waitFor("the server answers", async () => {
      const asked = await lab.client?.run(
        "bash",
        "-c",
        'exec 3<>"/dev/tcp/$0/8080" && cat <&3 || true',
        one.address ?? "",
      );
      answer = asked?.stdout ?? "";
      return answer !== "";
    });
    // Published ports keep the caller's address.
    expect(answer).toBe(lab.client?.address ?? "no client");
    await one.docker("rm", "--force", "web");
  }, 30_000);

  test("the uplink resolves names inside and ends with the node", async () => {
    const [, two] = lab.nodes;
    const mirror = await mirrorName();
    if (mirror === undefined || (await tryRun("getent", ["hosts", mirror])).status !== 0) {
      console.warn("skipped: the distribution's mirror does not resolve from the host either");
      return;
    }
    const { stdout } = (await two?.docker("run", "--rm", "debian", "getent", "hosts", mirror)) ?? {
      stdout: "",
    };
    expect(stdout).toContain(mirror);
  }, 30_000);

  test("what reads the machines' packets is confined: no right of root's but to low ports, few system calls, an empty root", async () => {
    const uplink = Number.parseInt(await readFile(join(lab.directory, "two/state/uplink"), "utf8"), 10);
    const status = await readFile(`/proc/${uplink}/status`, "utf8");
    const [capabilities, seccomp] = [/^CapEff:\s+(\S+)$/m, /^Seccomp:\s+(\d)$/m].map(
      (field) => field.exec(status)?.[1],
    );
    // CAP_NET_BIND_SERVICE; a filter (proc(5)).
    expect([Number.parseInt(capabilities ?? "", 16), seccomp]).toEqual([1 << 10, "2"]);
    expect((await readdir(`/proc/${uplink}/root`)).filter((name) => !["etc", "run"].includes(name))).toEqual(
      [],
    );
  });

  test("destroy leaves no process, namespace, mount, cgroup or file", async () => {
    const names = await engineNames(lab.directory);
    expect(names).toHaveLength(3);
    // The control: with the lab up there is something to be left.
    expect(await cgroupsOf(names[0] ?? "")).not.toEqual([]);
    const uplink = Number.parseInt(await readFile(join(lab.directory, "two/state/uplink"), "utf8"), 10);
    for (const node of lab.nodes) await node.docker("run", "--detach", "debian", "sleep", "600");
    const before = await ticksNow();
    await lab.destroy();
    await lab.destroy();
    expect(await processesOf(namespaces, lab.directory, before)).toEqual([]);
    expect(await isThere(`/proc/${uplink}`)).toBe(false);
    expect(await mountsNaming(lab.directory)).toEqual([]);
    expect((await Promise.all(names.map(cgroupsOf))).flat()).toEqual([]);
    expect(await isThere(lab.directory)).toBe(false);
  }, 30_000);
});

test.skipIf(!isPossible)(
  "a lab's processes die with a killed owner, and the next lab removes its files (needs root)",
  async () => {
    const script = join(import.meta.dir, "../../../scripts/lab.ts");
    const owner = spawn(process.execPath, [script, "--view", "v2", "--uplink"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const [, socket = "", init = ""] = /DOCKER_HOST=unix:\/\/(\S+).* init (\d+)/.exec(line.toString()) ?? [];
    const directory = dirname(dirname(dirname(socket)));
    const namespaces = await ownNamespaces(Number(init));
    const uplink = Number.parseInt(await readFile(join(dirname(socket), "uplink"), "utf8"), 10);
    expect(namespaces).toHaveLength(3);
    expect((await processesOf(namespaces, directory)).length).toBeGreaterThan(3);
    const before = await ticksNow();
    owner.kill("SIGKILL");
    await waitFor(
      "the lab's processes have ended",
      async () =>
        (await processesOf(namespaces, directory, before)).length === 0 && !(await isRunning(uplink)),
    );
    expect(await isThere(directory)).toBe(true);
    const next = await createLab({ nodes: [] });
    expect(await isThere(directory)).toBe(false);
    expect((await readdir("/tmp")).includes(basename(directory))).toBe(false);
    await next.destroy();
  },
  30_000,
);

async function engineNames(directory: string): Promise<readonly string[]> {
  const unique = basename(directory).slice("berth-lab-".length).toLowerCase();
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `lab-${unique}-${name}`)
    .toSorted();
}

/** The host name that the distribution's own package sources give. */
async function mirrorName(): Promise<string | undefined> {
  for (const path of ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]) {
    const text = await readFile(path, "utf8").catch(() => "");
    const [, name] = /^(?:URIs:|deb)\s.*?https?:\/\/([^/\s:]+)/m.exec(text) ?? [];
    if (name !== undefined) return name;
  }
  return undefined;
}

async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type RunResult, run, tryRun } from "#host/process/run.ts";
import { labEngineRoot } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { dist, ensureBuilt, runBerth, startBerth } from "#support/berth.ts";
import { errorCode } from "#support/fleet.ts";
import { removeAll } from "#support/machine.ts";
import { canHaveEngines, type Node, useNodes } from "#support/nodes.ts";
import { version } from "../../../package.json";

/** `two` has a newer engine. */
const node = useNodes({
  nodes: { one: { runtime: false }, two: { runtime: false, root: () => labEngineRoot("trixie") } },
  images: {},
});
const berth = join(dist, "berth");
const reference = `berth-loader:${version}`;

interface Made {
  readonly id: string;
  readonly references: readonly string[];
  readonly size: number;
  readonly file?: string;
}

let directory: string;
let made: Made;
const inDirectory = (name: string) => join(directory, name);
const inspect = async (where: Node, name: string, format: string) =>
  (await where.docker("image", "inspect", "--format", format, name)).stdout.trim();
const images = async (where: Node) =>
  (await where.docker("images", "--all", "--quiet", "--no-trunc")).stdout.trim().split("\n").sort();
const removeImages = async (where: Node, ...names: readonly string[]) => where.docker("rmi", ...names);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-loader-image-"));
  await ensureBuilt();
  if (!canHaveEngines) return;
  const { status, stdout, stderr } = await node("one").berth("loader image --json");
  expect([status, stderr]).toEqual([0, ""]);
  made = JSON.parse(stdout) as Made;
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

describe.skipIf(!canHaveEngines)("berth loader image (needs root)", () => {
  test("puts the image into the engine under both names, and says so", async () => {
    expect(made).toMatchObject({
      references: [reference, "berth-loader:latest"],
      architecture: expect.stringMatching(/^(amd64|arm64)$/),
    });
    for (const name of made.references) expect(await inspect(node("one"), name, "{{.Id}}")).toBe(made.id);
    expect(JSON.parse(await inspect(node("one"), made.id, "{{json .Config}}"))).toMatchObject({
      Entrypoint: ["/berth", "loader", "run"],
      Healthcheck: {
        Test: ["CMD-SHELL", "[ -e /dev/shm/berth-healthy ]"],
        Interval: 10e9,
        Timeout: 5e9,
        StartPeriod: 600e9,
        Retries: 3,
      },
      StopSignal: "SIGTERM",
      Labels: {
        "org.opencontainers.image.title": "berth loader",
        "org.opencontainers.image.version": version,
        "berth.loader.version": version,
      },
    });
  });

  test("is the same image when it is made again, under whatever name", async () => {
    const before = await images(node("one"));
    expect(await node("one").berth("loader image --quiet")).toMatchObject({
      status: 0,
      stdout: `${made.id}\n`,
      stderr: "",
    });
    const { stdout } = await node("one").berth("loader image --tag host:5000/loader --tag other:1 --quiet");
    expect(stdout).toBe(`${made.id}\n`);
    for (const name of ["host:5000/loader:latest", "other:1"])
      expect(await inspect(node("one"), name, "{{.Id}}")).toBe(made.id);
    await removeImages(node("one"), "host:5000/loader:latest", "other:1");
    expect(await images(node("one"))).toEqual(before);
  });

  test("takes the name from an older loader's image, which goes, and from another image, which stays", async () => {
    const before = await images(node("two"));
    const empty = inDirectory("empty.tar");
    await writeFile(empty, Buffer.alloc(1024));
    const put = async (name: string, ...flags: readonly string[]) =>
      (await node("two").docker("import", ...flags, "--message", name, empty, name)).stdout.trim();
    await put(reference, "--change", "LABEL berth.loader.version=0.0.1");
    const foreign = await put("berth-loader:latest");
    expect((await node("two").berth("loader image")).status).toBe(0);
    expect(await images(node("two"))).toEqual(
      [...before.filter((id) => id !== ""), foreign, made.id, made.id].sort(),
    );
    await removeImages(node("two"), foreign, ...made.references);
  });
});

describe.skipIf(!canHaveEngines)("a loader's image as a file (needs root)", () => {
  let file: string;
  beforeAll(async () => {
    file = inDirectory("loader.tar");
    const { status, stdout } = await runBerth("unix:///nowhere/docker.sock", [
      "loader",
      "image",
      "--output",
      file,
      "--json",
    ]);
    expect([status, JSON.parse(stdout)]).toEqual([0, { ...made, file }]);
  });

  test("is loaded by another engine as the same image, which runs", async () => {
    await node("two").docker("load", "--input", file);
    for (const name of made.references) expect(await inspect(node("two"), name, "{{.Id}}")).toBe(made.id);
    const { stdout } = await node("two").docker(
      "run",
      "--rm",
      "--entrypoint",
      "/berth",
      reference,
      "version",
    );
    expect(stdout).toBe(`berth ${version}\n`);
    await removeImages(node("two"), ...made.references);
  });

  test("the engine's own archive takes it along, too", async () => {
    const saved = inDirectory("saved.tar");
    await node("one").docker("save", "--output", saved, ...made.references);
    await node("two").docker("load", "--input", saved);
    expect(await inspect(node("two"), reference, "{{.Id}}")).toBe(made.id);
    await node("two").docker("run", "--rm", "--entrypoint", "/berth", reference, "version");
    await removeImages(node("two"), ...made.references);
  });

  test("is the same, byte by byte, when written again, over the old one or to standard output", async () => {
    const copy = inDirectory("copy.tar");
    await run("cp", [file, copy]);
    expect((await runBerth(undefined, ["loader", "image", "-o", file])).status).toBe(0);
    await run("cmp", [file, copy]);
    const { stderr } = await run("sh", [
      "-c",
      '"$1" loader image --output - | cmp - "$2"',
      "sh",
      berth,
      file,
    ]);
    expect(stderr).toBe(`${made.references.join(", ")} ${made.id}\n`);
    await rm(copy);
  });

  test("a pipe is written to, not replaced", async () => {
    const pipe = inDirectory("pipe");
    await run("mkfifo", [pipe]);
    await run("sh", [
      "-c",
      '"$1" loader image --output "$2" --quiet >"$4" & cmp "$2" "$3"; wait $!',
      "sh",
      berth,
      pipe,
      file,
      inDirectory("id"),
    ]);
    expect(await Bun.file(inDirectory("id")).text()).toBe(`${made.id}\n`);
    await run("test", ["-p", pipe]);
  });
});

describe.skipIf(!canHaveEngines)("what is in a loader's image (needs root)", () => {
  const start = (flags: readonly string[], program: string, ...words: readonly string[]) =>
    node("one").tryDocker("run", "--rm", ...flags, "--entrypoint", program, reference, ...words);
  const admin = ["--cap-add", "NET_ADMIN"];
  const clean = (result: RunResult) => expect(result).toMatchObject({ status: 0, stderr: "" });

  test("berth, which talks to the engine however little the container may", async () => {
    const socket = node("one").socket.slice("unix://".length);
    const confined = [
      "--read-only",
      "--security-opt",
      "no-new-privileges",
      "--cap-drop",
      "ALL",
      "--network",
      "none",
    ];
    expect(await start(confined, "/berth", "version")).toMatchObject({
      status: 0,
      stdout: `berth ${version}\n`,
      stderr: "",
    });
    for (const mounts of [[], ["--tmpfs", "/run", "--tmpfs", "/tmp"]]) {
      const result = await start(
        [...confined, ...mounts, "-v", `${socket}:/var/run/docker.sock`],
        "/berth",
        "ls",
        "--json",
      );
      expect(result).toMatchObject({ status: 0, stdout: "[]\n", stderr: "" });
    }
  });

  test("berth finds an engine by its name", async () => {
    const { stderr } = await start(
      ["--add-host", "proxy:127.0.0.1"],
      "/berth",
      "--host",
      "tcp://proxy:2375",
      "ls",
    );
    expect(stderr).toContain("ECONNREFUSED 127.0.0.1:2375");
  });

  test("nft lists the host's rules", async () => {
    const result = await start(["--network", "host", ...admin], "/usr/sbin/nft", "list", "ruleset");
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining("table ip nat") });
  });

  test("nft holds a table of its own, by names of protocols, and says nothing on standard error", async () => {
    const lines = [
      "add table inet t { flags owner; }",
      "add chain inet t c { type nat hook prerouting priority -100; }",
      "add rule inet t c meta l4proto tcp tcp dport 25 dnat ip to 10.0.0.1:25",
      "list table inet t",
    ];
    const words = [
      "--host",
      node("one").socket,
      "run",
      "--rm",
      "-i",
      ...admin,
      "--entrypoint",
      "nft",
      reference,
      "-i",
    ];
    const result = await tryRun("/usr/bin/docker", words, { input: `${lines.join("\n")}\n` });
    clean(result);
    expect(result.stdout).toContain("flags owner");
    expect(result.stdout).toContain("tcp dport 25 dnat ip to 10.0.0.1:25");
  });

  test.each(["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"])(
    "%s, with its extensions",
    async (program) => {
      expect((await start(["--network", "host", ...admin], program, "-w", "-L")).stdout).toContain(
        "Chain FORWARD",
      );
      const [address, reject] = program.startsWith("ip6")
        ? ["fd00::1", "icmp6-port-unreachable"]
        : ["10.0.0.1", "icmp-port-unreachable"];
      const script = `
      set -eu
      "$0" -w -t nat -A PREROUTING -p tcp -m multiport --dports 25,80 -m comment --comment mail -j DNAT --to-destination ${address}
      "$0" -w -A FORWARD -m conntrack --ctstate NEW -j REJECT --reject-with ${reject}
      "$0" -w -t nat -S PREROUTING
      "$0" -w -S FORWARD`;
      const result = await start(
        [...admin, "--sysctl", "net.ipv6.conf.all.disable_ipv6=0"],
        "sh",
        "-c",
        script,
        program,
      );
      clean(result);
      expect(result.stdout).toMatch(/--dports 25,80 .*--comment "?mail"? .*DNAT/);
      expect(result.stdout).toContain(`REJECT --reject-with ${reject}`);
    },
  );

  test("a health check that looks for berth's word", async () => {
    const health = async () =>
      (await node("one").docker("inspect", "--format", "{{.State.Health.Status}}", "healthy")).stdout.trim();
    await node("one").docker("run", "-d", "-i", "--name", "healthy", "--entrypoint", "cat", reference);
    const probed = () =>
      node("one").docker(
        "inspect",
        "--format",
        "{{range .State.Health.Log}}{{.ExitCode}} {{end}}",
        "healthy",
      );
    await waitFor("a first probe fails", async () =>
      /(^| )1 /.test((await probed()).stdout) ? true : undefined,
    );
    expect(await health()).toBe("starting");
    await node("one").docker("exec", "healthy", "sh", "-c", ": >/dev/shm/berth-healthy");
    await waitFor("it is healthy", async () => ((await health()) === "healthy" ? true : undefined));
    await removeAll(node("one"));
  });
});

describe("berth loader image that cannot", () => {
  const failing = async (args: readonly string[], socket?: string) => {
    const { status, stdout, stderr } = await runBerth(socket, ["loader", "image", "--json", ...args]);
    return [status, errorCode(stdout), stderr];
  };
  /** Runs berth where a program is hidden by what cannot be started. */
  const without = (hidden: readonly string[], ...args: readonly string[]) => {
    const script = 'for file in $1; do mount -n --bind /dev/null "$file"; done; shift; exec "$@"';
    return tryRun("unshare", [
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-euc",
      script,
      "sh",
      hidden.join(" "),
      berth,
      "loader",
      "image",
      ...args,
    ]);
  };

  test("no engine answers: status 3", async () => {
    expect(await failing([], "unix:///nowhere/docker.sock")).toEqual([3, "engine-unreachable", ""]);
  });

  test.each([["Berth"], ["a b"], [`a@sha256:${"0".repeat(64)}`]])("%p is no name", async (name) => {
    expect(await failing(["--tag", name, "--output", inDirectory("never.tar")])).toEqual([2, "usage", ""]);
  });

  test("files that cannot be written: said by name, and nothing half-made stays", async () => {
    await mkdir(inDirectory("taken"));
    await writeFile(inDirectory("file"), "kept");
    const before = await readdir(directory);
    expect(await failing(["--output", inDirectory("none/loader.tar")])).toEqual([2, "file-missing", ""]);
    expect(await failing(["--output", inDirectory("taken")])).toEqual([2, "file-invalid", ""]);
    expect(await failing(["--output", inDirectory("file/loader.tar")])).toEqual([2, "file-invalid", ""]);
    expect(await failing(["--output", "/dev/full"])).toEqual([1, "disk-full", ""]);
    expect(await failing(["--output", "-"])).toEqual([2, "usage", ""]);
    expect(await readdir(directory)).toEqual(before);
    await run("test", ["-c", "/dev/full"]);
  });

  test("berth from its source says to build it", async () => {
    const source = resolve(dist, "../src/bin/berth.ts");
    const { status, stdout } = await tryRun(process.execPath, [
      source,
      "loader",
      "image",
      "--json",
      "--output",
      inDirectory("never.tar"),
    ]);
    expect([status, errorCode(stdout), stdout]).toEqual([
      1,
      "tool-missing",
      expect.stringContaining("npm run build"),
    ]);
  });

  test.skipIf(!canHaveEngines)("nft is not installed: named with its package (needs root)", async () => {
    const { status, stdout } = await without(
      ["/usr/sbin/nft"],
      "--json",
      "--output",
      inDirectory("never.tar"),
    );
    expect([status, errorCode(stdout), stdout]).toEqual([
      1,
      "tool-missing",
      expect.stringContaining("Install the package nftables."),
    ]);
    expect(await readdir(directory)).not.toContain("never.tar");
  });

  test.skipIf(!canHaveEngines)("without iptables it is made, with a warning (needs root)", async () => {
    const hidden = ["/usr/sbin/xtables-nft-multi", "/usr/sbin/xtables-legacy-multi"];
    const { status, stderr } = await without(hidden, "--quiet", "--output", "/dev/null");
    expect([status, stderr]).toEqual([0, expect.stringContaining("install the package iptables")]);
  });

  test("interrupted while it writes: status 130", async () => {
    const pipe = inDirectory("blocked");
    await run("mkfifo", [pipe]);
    const writing = startBerth("unix:///nowhere/docker.sock", ["loader", "image", "--output", pipe]);
    // Opens when berth does; then berth waits for somebody to read more than a pipe holds.
    const reader = await open(pipe, "r");
    await reader.read(Buffer.alloc(1));
    writing.kill("SIGINT");
    expect(await writing.ended).toMatchObject({
      status: 130,
      stdout: "",
      stderr: expect.stringContaining("interrupted"),
    });
    await reader.close();
  });
});

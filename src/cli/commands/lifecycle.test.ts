import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Registry } from "#cli/frame/command.ts";
import { run } from "#cli/frame/run.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import { parseVolume } from "#machinefile/value/volume.ts";

const entry = (name: string, load: Registry[number]["load"]): Registry[number] => ({
  name,
  summary: "",
  group: "Machines",
  load,
});
const registry: Registry = [
  entry("up", () => import("./up.ts")),
  entry("start", () => import("./start.ts")),
  entry("stop", () => import("./stop.ts")),
  entry("restart", () => import("./restart.ts")),
  entry("rm", () => import("./rm.ts")),
  entry("wait", () => import("./wait.ts")),
  entry("images", () => import("./images.ts")),
  entry("stats", () => import("./stats.ts")),
  entry("doctor", () => import("./doctor.ts")),
  entry("__complete", () => import("./complete.ts")),
];

interface Container {
  state: string;
  readonly labels: Record<string, string>;
  /** Its image's, when that is another than one without labels; null for one that is there no more. */
  readonly imageLabels?: Record<string, string> | null;
  readonly networkMode?: string;
  /** Seconds, by the engine's clock; its first by default. */
  readonly created?: number;
  /** Refuses to stop, start and be removed. */
  readonly broken?: boolean;
}

/**
 * As much of an engine as these commands ask for: it answers by the state of its containers, and keeps what
 * was called.
 */
let containers: Map<string, Container>;
let calls: string[];
let server: Server;
let directory: string;

const machine = (
  name: string,
  state: string,
  dependsOn: readonly string[] = [],
  broken = false,
): [string, Container] => [
  name,
  { state, broken, labels: { "berth.machine": name, "berth.spec": JSON.stringify({ dependsOn }) } },
];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "berth-fake-"));
  calls = [];
  containers = new Map();
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(join(directory, "docker.sock"), resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

/** Seconds; another's clock than ours. */
const engineNow = 1_000_000_000;
const SystemTime = new Date(engineNow * 1000).toISOString();
const info = {
  SystemTime,
  NCPU: 2,
  Runtimes: {},
  ServerVersion: "20.10.24",
  KernelVersion: "6.1",
  Driver: "overlay2",
  SecurityOptions: [],
};

type Answer = readonly [status: number, body?: unknown];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query] = (request.url ?? "").split("?");
  const [status, body] = reply(request.method === "DELETE" ? "rm" : undefined, path, query);
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function reply(method: "rm" | undefined, path: string, query: string | undefined): Answer {
  if (path.endsWith("/version")) return [200, { ApiVersion: "1.41", Version: "20.10.24", Arch: "amd64" }];
  if (path.endsWith("/info")) return [200, info];
  if (path.endsWith("/images/json")) return [200, []];
  const [, image] = /\/images\/image-of-([^/]+)\/json$/.exec(path) ?? [];
  if (image !== undefined) return imageOf(containers.get(image));
  const [, name = "", verb = method ?? ""] = /^\/v1.41\/containers\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
  if (name === "json") return [200, [...containers].map(summary)];
  const container = containers.get(name);
  if (container === undefined) return [404, { message: `No such container: ${name}` }];
  if (verb === "json") {
    const Running = container.state === "running";
    return [
      200,
      { State: { Status: container.state, Running, Paused: false, Restarting: false }, HostConfig: {} },
    ];
  }
  calls.push(`${verb} ${name}${query === undefined ? "" : ` ${query}`}`);
  return container.broken ? [500, { message: `${name} is broken` }] : act(name, container, verb);
}

function imageOf({ imageLabels = {} }: Partial<Container> = {}): Answer {
  return imageLabels === null
    ? [404, { message: "No such image" }]
    : [200, { Config: { Labels: imageLabels } }];
}

function act(name: string, container: Container, verb: string): Answer {
  if (verb === "wait") return [200, { StatusCode: 37 }];
  if (verb === "rm") return containers.delete(name) ? [204] : [404];
  const target = verb === "stop" ? "exited" : "running";
  const same = container.state === target;
  container.state = target;
  return [same ? 304 : 204];
}

const summary = ([name, { state, labels, networkMode = "default", created = 0 }]: [string, Container]) => ({
  Id: name,
  Names: [`/${name}`],
  Image: "debian-12",
  ImageID: `image-of-${name}`,
  HostConfig: { NetworkMode: networkMode },
  State: state,
  Status: "",
  Created: created,
  Ports: [],
  Labels: labels,
});

async function berth(...argv: readonly string[]) {
  const memory = memoryIo({
    env: { DOCKER_HOST: `unix://${join(directory, "docker.sock")}`, PATH: "/nowhere" },
    cwd: directory,
  });
  const status = await run(argv, memory.io, registry);
  return { status, stdout: memory.stdout(), stderr: memory.stderr() };
}

describe("stop", () => {
  test("dependents first; the time is docker's", async () => {
    containers = new Map([machine("db", "running"), machine("web", "running", ["db"])]);
    const { status, stdout } = await berth("stop", "db", "web", "-t", "7", "-q");
    expect({ status, stdout, calls }).toEqual({
      status: 0,
      stdout: "web\ndb\n",
      calls: ["stop web t=7", "stop db t=7"],
    });
  });

  test("one that does not run is fine and said", async () => {
    containers = new Map([machine("db", "exited")]);
    const { status, stderr } = await berth("stop", "db");
    expect(status).toBe(0);
    expect(stderr).toContain("db: unchanged, not running");
  });

  test("a paused one is thawed first", async () => {
    containers = new Map([machine("db", "paused")]);
    expect((await berth("stop", "db")).status).toBe(0);
    expect(calls).toEqual(["unpause db", "stop db"]);
  });

  test("a failure stops no other; all errors are told", async () => {
    containers = new Map([
      machine("a", "running", [], true),
      machine("b", "running"),
      machine("c", "running", [], true),
    ]);
    const { status, stderr } = await berth("stop", "--all");
    expect(status).toBe(1);
    expect(stderr).toContain("berth: a is broken");
    expect(stderr).toContain("berth: c is broken");
    expect(containers.get("b")?.state).toBe("exited");
  });

  test("a machine of another file is not to be had by its name, nor by this file's having the same", async () => {
    const other = join(directory, "other.yaml");
    writeFileSync(join(directory, "berth.yaml"), "machines: {web: {image: debian-12}}\n");
    containers = new Map([machine("web", "running")]);
    Object.assign(containers.get("web")?.labels ?? {}, { "berth.project": "other", "berth.file": other });
    writeFileSync(other, "");
    const named = await berth("stop", "web");
    expect([named.status, named.stderr]).toEqual([
      1,
      expect.stringContaining(`web is a machine of ${other}`),
    ]);
    const unnamed = await berth("stop");
    expect([unnamed.status, unnamed.stderr]).toEqual([
      0,
      expect.stringContaining(`not found: web is a machine of ${other}`),
    ]);
    expect(await berth("start")).toMatchObject({
      status: 4,
      stderr: expect.stringContaining(`web is a machine of ${other}`),
    });
    expect(calls).toEqual([]);
    expect((await berth("stop", "--file", other, "web")).status).toBe(0);
    expect((await berth("stop", "--all")).status).toBe(0);
    expect(calls).toEqual(["stop web", "stop web"]);
  });

  test("a found file that others may write to decides nothing over names, and is refused without them", async () => {
    const [found, own] = [join(directory, "berth.yaml"), join(directory, "own.yaml")];
    for (const path of [found, own]) writeFileSync(path, "machines: {web: {image: debian-12}}\n");
    chmodSync(found, 0o666);
    for (const command of ["stop", "rm"]) {
      containers = new Map([machine("web", "running")]);
      Object.assign(containers.get("web")?.labels ?? {}, { "berth.project": "own", "berth.file": own });
      const { status, stderr } = await berth(command, ...(command === "rm" ? ["-f"] : []), "web");
      expect([command, status, stderr.match(/[^ ]*berth\.yaml/g)]).toEqual([command, 0, [found, found]]);
      const unnamed = await berth(command);
      expect([command, unnamed.status, unnamed.stderr]).toEqual([
        command,
        2,
        expect.stringContaining(`${found} was found`),
      ]);
    }
    expect(calls).toEqual(["stop web", "rm web force=true&v=true"]);
  });

  test("one that docker has renamed is not touched, and how it comes back is told", async () => {
    const [, one] = machine("one", "running");
    containers = new Map([["uno", one]]);
    const hint = expect.stringContaining("`docker rename uno one`");
    expect(await berth("stop", "one")).toMatchObject({ status: 4, stderr: hint });
    expect(await berth("stop", "uno")).toMatchObject({ status: 1, stderr: hint });
    containers.set(...machine("one", "exited"));
    expect(await berth("stop", "uno")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("another container has that name: use docker"),
    });
    expect(calls).toEqual([]);
  });

  test("one whose file is gone is to be had by its name", async () => {
    writeFileSync(join(directory, "berth.yaml"), "machines: {web: {image: debian-12}}\n");
    containers = new Map([machine("web", "running")]);
    Object.assign(containers.get("web")?.labels ?? {}, {
      "berth.project": "other",
      "berth.file": "/nowhere/berth.yaml",
    });
    expect((await berth("stop")).stderr).toContain("not found: web is a machine of /nowhere/berth.yaml");
    expect((await berth("stop", "web")).status).toBe(0);
    expect(calls).toEqual(["stop web"]);
  });

  test("as JSON each machine has its outcome, and nothing else is on standard output", async () => {
    containers = new Map([machine("a", "running", [], true), machine("b", "running")]);
    const { status, stdout, stderr } = await berth("stop", "a", "b", "--json");
    expect(status).toBe(1);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "a", state: "failed", error: { code: "engine-api", message: "a is broken" } },
      { name: "b", state: "stopped", changed: true },
    ]);
  });
});

describe("which machines", () => {
  test("names and --all are wrong together", async () => {
    expect((await berth("stop", "--all", "web")).status).toBe(2);
  });

  test("neither names nor a file", async () => {
    const { status, stderr } = await berth("stop");
    expect(status).toBe(2);
    expect(stderr).toContain("no machines given");
  });

  test("a name that is not there: nothing is done to the others", async () => {
    containers = new Map([machine("web", "running")]);
    expect((await berth("stop", "web", "nope")).status).toBe(4);
    expect(calls).toEqual([]);
  });

  test("a container of somebody else is never touched", async () => {
    containers = new Map([["other", { state: "running", labels: {} }]]);
    const { status, stderr } = await berth("rm", "-f", "other");
    expect(status).toBe(1);
    expect(stderr).toContain("container not created by berth: other");
    expect((await berth("stop", "--all")).status).toBe(0);
    expect(calls).toEqual([]);
  });

  const early = { "berth.machine": "db", "berth.network": "berth.internal" };
  const inBridge = { ...early, "berth.network": "bridge" };
  const ofDb = { ...early, "berth.creation": "1" };
  const loader = "7".repeat(64);
  const ofLoader = { "berth.machine": "db", "berth.loader": loader };
  const ofVpn = { ...ofLoader, "berth.loader": "vpn" };
  test.each<[what: string, isMachine: boolean, Omit<Container, "state">]>([
    ["of an image with the labels of a machine of this name", false, { labels: ofDb, imageLabels: ofDb }],
    [
      "of such an image, in that machine's network",
      false,
      { labels: ofDb, imageLabels: ofDb, networkMode: "berth.internal" },
    ],
    ["of an image with an earlier berth's labels", false, { labels: early, imageLabels: early }],
    [
      "of an image that names a network everybody has",
      false,
      { labels: inBridge, imageLabels: inBridge, networkMode: "bridge" },
    ],
    [
      "of an image that names a container",
      false,
      { labels: ofVpn, imageLabels: ofVpn, networkMode: "container:vpn" },
    ],
    ["of an image that is gone, and in no network of berth's", false, { labels: ofDb, imageLabels: null }],
    ["of another name", false, { labels: { ...ofDb, "berth.machine": "web" } }],
    ["with labels that its image lacks", true, { labels: ofDb }],
    ["restored from its own commit", true, { labels: { ...ofDb, "berth.creation": "2" }, imageLabels: ofDb }],
    [
      "of such an image, in that one's network",
      false,
      { labels: early, imageLabels: early, networkMode: "berth.internal" },
    ],
    [
      "of an image whose other label is another",
      false,
      { labels: { ...early, "berth.os": "x" }, imageLabels: early },
    ],
    [
      "of a loader, restored from its own commit",
      true,
      { labels: ofLoader, imageLabels: { ...ofLoader, "berth.loader": "8".repeat(64) } },
    ],
    [
      "of an image that is gone, in its own network",
      true,
      { labels: ofDb, imageLabels: null, networkMode: "berth.internal" },
    ],
    [
      "of a loader, of an image that is gone",
      true,
      { labels: ofLoader, imageLabels: null, networkMode: `container:${loader}` },
    ],
  ])("a container %s", async (_, isMachine, container) => {
    containers = new Map([["db", { state: "exited", ...container }]]);
    const { status, stderr } = await berth("rm", "db");
    expect(status).toBe(isMachine ? 0 : 1);
    expect(stderr).not.toContain("docker rename db db");
    expect(calls).toEqual(isMachine ? ["rm db force=false&v=true"] : []);
    containers = new Map([["db", { state: "exited", ...container }]]);
    await berth("rm", "--all");
    expect(containers.size).toBe(isMachine ? 0 : 1);
  });

  test("those of the file; what is not there is passed over by stop, not by start", async () => {
    writeFileSync(
      join(directory, "berth.yaml"),
      "machines:\n  web: {image: debian-12}\n  gone: {image: debian-12}\n",
    );
    containers = new Map([machine("web", "running"), machine("other", "running")]);
    const stopped = await berth("stop");
    expect(stopped.status).toBe(0);
    expect(stopped.stderr).toContain("not found: gone");
    expect(calls).toEqual(["stop web"]);
    const started = await berth("start", "--no-wait");
    expect(started.status).toBe(4);
    expect(started.stderr).toContain("berth up");
  });
});

describe("start", () => {
  test("dependencies first; a paused one is continued, one that runs stays", async () => {
    containers = new Map([
      machine("web", "exited", ["db"]),
      machine("db", "paused"),
      machine("x", "running"),
    ]);
    const { status, stdout } = await berth("start", "web", "db", "x", "--no-wait", "--json");
    expect(status).toBe(0);
    expect(calls.indexOf("unpause db")).toBeLessThan(calls.indexOf("start web"));
    expect(JSON.parse(stdout)).toContainEqual({
      name: "x",
      state: "started",
      changed: false,
      failedUnits: [],
    });
  });
});

test("restart stops all, then starts them the other way round; what cannot be stopped is not started", async () => {
  containers = new Map([
    machine("db", "running"),
    machine("web", "running", ["db"]),
    machine("bad", "running", [], true),
  ]);
  const { status } = await berth("restart", "--all", "--no-wait", "-t", "3");
  expect(status).toBe(1);
  expect(calls.filter((call) => !call.endsWith("bad t=3"))).toEqual([
    "stop web t=3",
    "stop db t=3",
    "start db",
    "start web",
  ]);
});

test.each([
  ["restart web --no-wait -t 3", "stop web t=3"],
  ["restart web --no-wait --timeout 3s", "stop web t=3"],
  ["restart web --no-wait --timeout=-1", "stop web t=-1"],
  ["restart web --no-wait --time 3 --wait-timeout 5s", "stop web t=3"],
  ["stop web --timeout 1m", "stop web t=60"],
])("%s: the time to shut down is docker's --timeout", async (line, call) => {
  containers = new Map([machine("web", "running")]);
  expect((await berth(...line.split(" "))).status).toBe(0);
  expect(calls[0]).toBe(call);
});

test.each(["--wait-timeout", "--timeout"])("%s bounds a wait", async (option) => {
  containers = new Map([machine("web", "running")]);
  expect((await berth("wait", "web", "--for", "stopped", option, "30s")).status).toBe(0);
  const { status, stderr } = await berth("wait", "web", option, "soon");
  expect([status, stderr]).toEqual([2, expect.stringContaining("soon")]);
});

test.each(["up", "start", "wait"])(
  "the help of %s shows the option's present name alone",
  async (command) => {
    const { stdout } = await berth(command, "--help");
    expect(stdout).toMatch(/^ +--wait-timeout TIME /m);
    expect(stdout).not.toMatch(/--timeout/);
  },
);

test.each(["start", "restart"])(
  "%s warns of a bind on whose way others decide, as up does, once",
  async (command) => {
    const shared = join(directory, "shared");
    mkdirSync(join(shared, "data"), { recursive: true });
    const volumes = ["data:/srv", `${join(shared, "data")}:/data:ro`].map(parseVolume);
    for (const name of ["web", "db"]) {
      containers.set(name, {
        state: "exited",
        labels: { "berth.machine": name, "berth.spec": JSON.stringify({ volumes }) },
      });
    }
    const warnings = async () => {
      const { status, stderr } = await berth(command, "web", "db", "--no-wait");
      expect(status).toBe(0);
      return stderr.split("\n").filter((line) => line.includes("to any directory of the host"));
    };
    expect(await warnings()).toEqual([]);
    chmodSync(shared, 0o777);
    const expected = new RegExp(
      `${join(shared, "data")} .*any user may write to ${shared}\\. Keep it .*/srv\\)$`,
    );
    expect(await warnings()).toEqual([expect.stringMatching(expected)]);
  },
);

describe("rm", () => {
  test("one that runs is left alone, the others go with their anonymous volumes", async () => {
    containers = new Map([machine("web", "running"), machine("db", "exited")]);
    const { status, stderr } = await berth("rm", "web", "db");
    expect(status).toBe(1);
    expect(stderr).toContain("remove it with --force");
    expect(calls).toEqual(["rm db force=false&v=true"]);
  });

  test("forced: one that runs goes, one that is not there is fine", async () => {
    containers = new Map([machine("web", "running")]);
    const { status, stdout } = await berth("rm", "-f", "web", "gone", "-q");
    expect({ status, stdout, calls }).toEqual({
      status: 0,
      stdout: "web\n",
      calls: ["rm web force=true&v=true"],
    });
  });
});

describe("wait", () => {
  test("for stopped: tells the exit status", async () => {
    containers = new Map([machine("web", "running")]);
    const { status, stdout } = await berth("wait", "web", "--for", "stopped", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "web", state: "stopped", status: 37 }]);
  });

  test("one that does not run will not boot: status 5 at once", async () => {
    containers = new Map([machine("web", "exited")]);
    const { status, stderr } = await berth("wait", "web");
    expect(status).toBe(5);
    expect(stderr).toContain("web is not running: it is exited");
  });
});

test("images shows the built-in ones before anything is built", async () => {
  const { status, stdout } = await berth("images");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^debian-12 +not built$/m);
});

test("stats of a machine that does not run", async () => {
  containers = new Map([machine("web", "exited")]);
  const { status, stdout } = await berth("stats", "web");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^web +-- +-- +-- +-- +-- +--$/m);
});

test("completion knows machines and images", async () => {
  containers = new Map([machine("web", "running"), machine("db", "exited")]);
  expect((await berth("__complete", "machine", "w")).stdout).toBe("web\trunning, debian-12\n");
  expect((await berth("__complete", "image", "debian-1")).stdout).toContain("debian-12\tnot built\n");
});

test("doctor --fix removes the containers that berth made to look into images, not what is made of an image with their label", async () => {
  const probe = (name: string) => ({ "berth.probe": name });
  containers = new Map<string, Container>([
    ["berth-probe-1", { state: "created", labels: probe("berth-probe-1") }],
    // The image that it looks into may itself bear the label.
    ["berth-probe-2", { state: "created", labels: probe("berth-probe-2"), imageLabels: probe("mine") }],
    ["berth-probe-3", { state: "exited", labels: probe("berth-probe-3") }],
    ["mine", { state: "created", labels: probe("mine"), imageLabels: probe("mine") }],
    ["precious", { state: "created", labels: probe(""), imageLabels: probe("") }],
    ["gone", { state: "created", labels: probe("gone"), imageLabels: null }],
    [
      "away",
      {
        state: "created",
        labels: { ...probe("away"), "berth.network": "net" },
        imageLabels: null,
        networkMode: "net",
      },
    ],
    // A machine of an image that has its name.
    [
      "web",
      {
        state: "created",
        labels: { ...probe("web"), "berth.machine": "web", "berth.creation": "1" },
        imageLabels: probe("web"),
      },
    ],
  ]);
  const { stderr } = await berth("doctor", "--fix");
  expect(stderr).toBe("removed berth-probe-1\nremoved berth-probe-2\n");
  expect([...containers.keys()]).toEqual(["berth-probe-3", "mine", "precious", "gone", "away", "web"]);
});

test("doctor --fix leaves those that somebody may be looking into, by the clock of the engine", async () => {
  const probe = (name: string, created: number): [string, Container] => [
    name,
    { state: "created", labels: { "berth.probe": name }, created },
  ];
  containers = new Map([
    probe("berth-probe-1", engineNow - 120),
    probe("berth-probe-2", engineNow - 30),
    // Its clock was set back since.
    probe("berth-probe-3", engineNow + 120),
  ]);
  await berth("doctor", "--fix");
  expect([...containers.keys()]).toEqual(["berth-probe-2"]);
});

test("doctor without an engine: a failed check, status 1, and this host's own checks", async () => {
  server.closeAllConnections();
  const memory = memoryIo({
    env: { DOCKER_HOST: `unix://${join(directory, "none.sock")}`, PATH: "/nowhere" },
  });
  const status = await run(["doctor", "--json"], memory.io, registry);
  const checks: { id: string; status: string }[] = JSON.parse(memory.stdout());
  expect(status).toBe(1);
  expect(checks).toContainEqual(expect.objectContaining({ id: "engine", status: "fail" }));
  expect(checks).toContainEqual(expect.objectContaining({ id: "image-tools", status: "warn" }));
  expect(checks.map(({ id }) => id)).toContain("inotify");
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { labImage } from "#lab/lab-image.ts";
import { type EngineProxy, parseAllowedCalls, serveEngineProxy } from "#support/engine-proxy.ts";
import { inside, stateOf } from "#support/machine.ts";
import { canHaveEngines } from "#support/nodes.ts";
import { echoUnit, greeting, perl } from "#support/perl.ts";
import {
  besides,
  cleanedUp,
  killContainers,
  logsOf,
  removeService,
  runningTask,
  tracesOn,
} from "#support/service.ts";
import { addUnit, extractRoot, loaderImage, useSwarm } from "#support/swarm.ts";

// As an engine is set up whose containers shall gain nothing by set-uid programs.
const lab = useSwarm({ nodes: { one: { extraConfig: { "no-new-privileges": true } } }, images: {} });
const one = () => lab.node("one");

/**
 * The calls that the page on the loader says are all that it needs: the one fenced block that consists of
 * calls.
 */
async function documentedCalls() {
  const page = await readFile(join(import.meta.dir, "../../../docs/loader.md"), "utf8");
  const blocks = [...page.matchAll(/^```text\n((?:(?:GET|POST|PUT|DELETE|HEAD) +\/.*\n)+)```$/gm)];
  if (blocks.length !== 1) throw new Error(`docs/loader.md has ${blocks.length} lists of calls`);
  return parseAllowedCalls(blocks[0]?.[1] ?? "");
}

describe.skipIf(!canHaveEngines)("a loader with nothing but what it needs (needs root)", () => {
  let folder: string;
  let socket: string;
  let proxy: EngineProxy;
  let before: readonly string[];

  beforeAll(async () => {
    folder = await extractRoot(one(), "debian", await labImage("bookworm"));
    await addUnit(folder, "echo.service", echoUnit(80));
    socket = join(dirname(one().configFile), "proxy", "docker.sock");
    await mkdir(dirname(socket));
    proxy = await serveEngineProxy(socket, one().socket.slice("unix://".length), await documentedCalls());
    before = await tracesOn(one());
  }, 60_000);
  afterAll(() => proxy?.close());
  afterEach(async () => {
    const { stdout } = await one().docker("service", "ls", "--quiet");
    if (stdout.trim() !== "") await removeService(one(), ...stdout.trim().split("\n"));
  });

  const create = () =>
    one().docker(
      ...[
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--name=box",
        "--endpoint-mode=dnsrr",
        "--network=application",
      ],
      ...[
        "--read-only",
        "--cap-drop=ALL",
        "--restart-delay=1s",
        "--env=DOCKER_HOST=unix:///run/engine/docker.sock",
      ],
      `--mount=type=bind,src=${dirname(socket)},dst=/run/engine,ro`,
      `--container-label=berth.loader.root=${folder}`,
      "--container-label=berth.loader.publish=80",
      // What the engine's own setting would keep from the machine, too.
      "--container-label=berth.loader.args=security-opt=no-new-privileges=false",
      loaderImage,
    );
  const answer = async () =>
    (await lab.client().run(...perl(greeting, one().address ?? "", "80"))).stdout.trim();
  /** What the kernel says of the process that has a container. */
  const confinement = async (container: string) => {
    const { pid } = await stateOf(one(), container);
    const { stdout } = await one().run("grep", "-E", "^(CapBnd|NoNewPrivs):", `/proc/${pid}/status`);
    return stdout.trim().split(/\s+/);
  };

  test("boots, publishes, starts again and stops by the calls of docs/loader.md alone, and uses each of them", async () => {
    await create();
    const first = await runningTask(one(), "box");
    expect(await inside(one(), first.machine, "systemctl is-system-running")).toBe("running");
    expect(await answer()).toBe(lab.client().address ?? "");
    expect(await confinement(first.loader)).toEqual(["CapBnd:", "0".repeat(16), "NoNewPrivs:", "1"]);
    expect((await confinement(first.guard)).slice(2)).toEqual(["NoNewPrivs:", "1"]);
    expect((await confinement(first.machine)).slice(2)).toEqual(["NoNewPrivs:", "0"]);
    const { stdout: roots } = await one().docker(
      "inspect",
      "--format",
      "{{.HostConfig.ReadonlyRootfs}}",
      first.loader,
      first.guard,
    );
    expect(roots).toBe("true\ntrue\n");

    await killContainers(one(), first.machine);
    const second = await runningTask(one(), "box", first);
    expect(await answer()).toBe(lab.client().address ?? "");
    expect(await inside(one(), second.machine, "systemctl is-system-running")).toBe("running");

    await removeService(one(), "box");
    await cleanedUp(one(), before);
    expect(await besides(folder)).toEqual([]);
    expect(proxy.refused).toEqual([]);
    expect([...proxy.used].toSorted()).toEqual((await documentedCalls()).map(({ line }) => line).toSorted());
  });

  test("a folder that others on the node can reach is warned of, with how to close it; a closed one boots without a word", async () => {
    await chmod(folder, 0o755);
    await create();
    await runningTask(one(), "box");
    expect(await logsOf(one(), "box")).toContain(`chmod 700 ${folder}`);
    await removeService(one(), "box");
    await cleanedUp(one(), before);
    await chmod(folder, 0o700);
    await create();
    const { machine } = await runningTask(one(), "box");
    expect(await logsOf(one(), "box")).not.toContain("chmod 700");
    expect(await inside(one(), machine, "systemctl is-system-running")).toBe("running");
  });

  test.each([
    ["GET", "/v1.41/secrets"],
    ["GET", "/v1.41/containers/box/archive?path=/etc/shadow"],
    ["POST", "/v1.41/swarm/leave?force=1"],
    ["POST", "/v1.41/containers/box/../../swarm/leave"],
    ["DELETE", "/v1.41/images/debian%3Abookworm"],
  ])("the proxy of this test turns away %s %s", async (method, path) => {
    const turnedAway = proxy.refused.length;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = request({ socketPath: socket, method, path }, (reply) => {
        reply.resume().once("end", () => resolve(reply.statusCode));
      });
      call.once("error", reject).end();
    });
    expect(status).toBe(403);
    expect(proxy.refused.length).toBe(turnedAway + 1);
  });
});

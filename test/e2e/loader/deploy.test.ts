import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type RunResult, run } from "#host/process/run.ts";
import { labImage } from "#lab/lab-image.ts";
import { waitFor } from "#lab/wait-for.ts";
import { runBerth } from "#support/berth.ts";
import { parseAllowedCalls, serveEngineProxy } from "#support/engine-proxy.ts";
import { errorCode, parseList, useFleets } from "#support/fleet.ts";

import { canHaveEngines, type Node } from "#support/nodes.ts";
import { extractRoot, loaderImage, useSwarm } from "#support/swarm.ts";

const lab = useSwarm({
  nodes: { manager: { images: [] }, worker: {} },
  idle: { alone: { images: [], runtime: false } },
  images: { sshd: () => labImage("bookworm", ["openssh-server"]) },
});
const manager = () => lab.node("manager");
const worker = () => lab.node("worker");
const fleet = useFleets();

/** What `berth ls --swarm --json` shows of a machine. */
interface Row {
  readonly name: string;
  readonly service: { readonly name: string };
  readonly root: string;
  readonly task?: {
    readonly id: string;
    readonly state: string;
    readonly error: string;
    readonly node?: { readonly name: string };
  };
}

interface Deployed {
  readonly name: string;
  readonly action: string;
  readonly state: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

async function specOf(service: string): Promise<Record<string, unknown>> {
  const { stdout } = await manager().docker("service", "inspect", "--format", "{{json .Spec}}", service);
  return sorted(JSON.parse(stdout)) as Record<string, unknown>;
}

/** The docker client puts files in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)]));
}

async function updateState(): Promise<string> {
  return (
    await manager().docker("service", "inspect", "--format", "{{.UpdateStatus.State}}", "mail")
  ).stdout.trim();
}

/** Runs berth, and something else between its look at the swarm and its change of a service. */
async function whileHeld(args: string, cwd: string, meanwhile: () => Promise<unknown>): Promise<RunResult> {
  const socket = join(cwd, "engine.sock");
  let done: Promise<unknown> | undefined;
  const proxy = await serveEngineProxy(
    socket,
    manager().socket.replace("unix://", ""),
    deployCalls,
    async (call) => {
      if (!call.endsWith("/update")) return;
      done ??= meanwhile();
      await done;
    },
  );
  try {
    const result = await runBerth(`unix://${socket}`, args.split(" "), { cwd });
    await done;
    return result;
  } finally {
    await proxy.close();
  }
}

const deployCalls = parseAllowedCalls(`
HEAD /_ping
GET /_ping
GET /version
GET /info
GET /containers/json
GET /images/*/json
GET /services
GET /services/*
POST /services/*/update
GET /tasks
GET /nodes
GET /networks
GET /secrets
GET /configs
`);

async function swarmRows(node: Node = manager()): Promise<readonly Row[]> {
  return parseList<Row>((await node.berth("ls --swarm --json")).stdout);
}

const everything = `
machines:
  mail:
    root: /srv/mailcow
    hostname: mail.example.org
    aliases: [smtp]
    publish: [25, "127.0.0.1:8080:80", "53:53/udp"]
    volumes: [/root, "/data,x:/data:ro"]
    environment: {A: "it's \\"x\\", $$HOME \`id\`", B: "two\\nlines", EMPTY: "", SPACES: "  x  "}
    capabilities: [SYS_ADMIN]
    memory: 768M
    labels: {team: "mail, web"}
    stop_timeout: 60
    deploy:
      node: worker
      constraints: [node.role==worker]
      networks: [application]
      restart: {condition: on-failure, delay: 10s, max_attempts: 3, window: 2m}
      update: {delay: 60s, failure_action: rollback, monitor: 1s}
      rollback: {failure_action: continue}
      resources: {limits: {memory: 128M, cpus: 0.5, pids: 100}, reservations: {memory: 32M, cpus: 0.1}}
      secrets: [key, {source: key, target: tls.key, uid: 101, gid: 102, mode: "0440"}]
      configs: [conf, {source: conf, target: /etc/app.conf, mode: "0600"}]
      log_driver: json-file
      log_options: {max-size: 10m, tag: "{{.Name}}, $$x"}
      replicas: 0
`;

const keys = mkdtempSync(join(tmpdir(), "berth-deploy-"));
beforeAll(async () => {
  if (!canHaveEngines) return;
  for (const kind of ["secret", "config"]) {
    const file = join(keys, kind);
    writeFileSync(file, `the ${kind}\n`);
    await manager().docker(kind, "create", kind === "secret" ? "key" : "conf", file);
  }
});
afterAll(() => rmSync(keys, { recursive: true }));

async function removeServices(): Promise<void> {
  const { stdout } = await manager().docker("service", "ls", "--quiet");
  if (stdout.trim() !== "") await manager().docker("service", "rm", ...stdout.trim().split("\n"));
  await waitFor("the worker has no machine left", async () => {
    const { stdout: names } = await worker().docker("ps", "--all", "--quiet", "--filter", "name=^mail");
    return names.trim() === "" ? true : undefined;
  });
}

/** A machine on the worker whose environment tells which version of its service it is of. */
const mailOf = (root: string, stage: string) => `
machines:
  mail:
    root: ${root}
    environment: {STAGE: ${stage}}
    hostname: mail.example.org
    deploy: {node: worker, networks: [application], image: "${loaderImage}", secrets: [key], configs: [conf], update: {monitor: 5s}}
`;

describe.skipIf(!canHaveEngines)("berth deploy (needs root)", () => {
  afterEach(removeServices);

  test("--dry-run prints the docker command, and --stack the stack, that make the same service", async () => {
    const cwd = fleet(everything);
    const { stdout: command } = await manager().berth("deploy --dry-run", { cwd });
    await run("sh", ["-c", command], { env: { PATH: "/usr/bin:/bin", DOCKER_HOST: manager().socket } });
    const wanted = await specOf("mail");
    const kept = await manager().berth("deploy --json", { cwd });
    expect(parseList<Deployed>(kept.stdout)).toMatchObject([
      { name: "mail", action: "kept", state: "stopped" },
    ]);
    await manager().docker("service", "rm", "mail");

    expect((await manager().berth("deploy", { cwd })).status).toBe(0);
    expect(await specOf("mail")).toEqual(wanted);
    await manager().docker("service", "rm", "mail");

    const file = join(cwd, "stack.yaml");
    writeFileSync(file, (await manager().berth("deploy --stack", { cwd })).stdout);
    await manager().docker("stack", "deploy", "--compose-file", file, "st");
    const ofStack = await specOf("st_mail");
    // A stack has labels of its own, and the service's name among its aliases.
    expect(ofStack).toMatchObject({
      Labels: wanted.Labels as object,
      Mode: wanted.Mode as object,
      UpdateConfig: wanted.UpdateConfig as object,
      RollbackConfig: wanted.RollbackConfig as object,
      EndpointSpec: wanted.EndpointSpec as object,
    });
    const [task, same] = [ofStack, wanted].map(
      ({ TaskTemplate }) => TaskTemplate as Record<string, Record<string, unknown>>,
    );
    for (const part of ["Resources", "RestartPolicy", "Placement", "LogDriver"])
      expect(task?.[part]).toEqual(same?.[part] ?? {});
    const { Init: _, ...container } = same?.ContainerSpec ?? {};
    expect(task?.ContainerSpec ?? {}).toMatchObject(container);
    await manager().docker("stack", "rm", "st");
  });

  test("--rm ends a machine and removes its service; where there is none: status 4", async () => {
    const root = await extractRoot(worker(), "removed", await labImage("bookworm"));
    const cwd = fleet(mailOf(root, "one"));
    expect((await manager().berth("deploy --wait-timeout 60s", { cwd })).status).toBe(0);
    expect((await worker().docker("ps", "--quiet", "--filter", "name=^mail")).stdout).not.toBe("");
    const removed = await manager().berth("deploy --rm mail", { cwd });
    expect([removed.status, removed.stderr]).toEqual([0, expect.stringContaining("mail: removed")]);
    expect(await swarmRows()).toEqual([]);
    expect((await worker().docker("ps", "--quiet", "--filter", "name=^mail")).stdout).toBe("");
    expect((await manager().berth("deploy --rm mail", { cwd })).status).toBe(4);
  }, 120_000);

  test("a service that the swarm or another changes meanwhile: tried again, or refused", async () => {
    const text = (stage: string) => `
machines:
  mail: {root: /srv/mail, environment: {STAGE: ${stage}}, deploy: {node: worker, image: "${loaderImage}", replicas: 0}}
`;
    const cwd = fleet(text("one"));
    await manager().berth("deploy mail", { cwd });
    writeFileSync(join(cwd, "berth.yaml"), text("two"));
    const labelled = () =>
      manager().docker("service", "update", "--detach", "--label-add", "by=another", "mail");
    const lost = await whileHeld("deploy mail --json", cwd, labelled);
    expect(lost.status).toBe(1);
    expect(parseList<Deployed>(lost.stdout)).toMatchObject([
      {
        state: "failed",
        error: {
          code: "conflict",
          message: "another client changed mail meanwhile",
          hint: expect.stringContaining("again"),
        },
      },
    ]);
    // The same once more changes the version and nothing else.
    const won = await whileHeld("deploy mail --json", cwd, () =>
      manager().docker("service", "update", "--detach", "mail"),
    );
    expect(parseList<Deployed>(won.stdout)).toMatchObject([{ action: "updated", state: "stopped" }]);
    const taken = await whileHeld("deploy --rollback mail --json", cwd, labelled);
    expect(parseList<Deployed>(taken.stdout)).toMatchObject([
      { state: "failed", error: { code: "conflict" } },
    ]);
  });

  test("one that fails: status 5, what its loader said; the swarm has it still", async () => {
    const root = join(dirname(worker().configFile), "roots", "none", "root");
    await mkdir(root, { recursive: true });
    const cwd = fleet(`
machines:
  mail: {root: ${root}, deploy: {node: worker, image: "${loaderImage}", restart: {delay: 60s}}}
  mailless: {root: ${root}, deploy: {node: worker, image: "no-such-image:1", restart: {delay: 60s}}}
  mailbox: {root: ${root}, deploy: {constraints: [node.labels.box==yes], image: "${loaderImage}"}}
`);
    const failed = await manager().berth("deploy mail mailless --timeout 60s --json", { cwd });
    expect(failed.status).toBe(5);
    const [mail, less] = parseList<Deployed>(failed.stdout);
    expect(mail).toMatchObject({
      state: "failed",
      error: { code: "boot-failed", message: expect.stringContaining(`${root} is empty`) },
    });
    expect(less).toMatchObject({
      error: { code: "boot-failed", hint: expect.stringContaining("berth loader image") },
    });
    expect((await swarmRows()).map(({ name }) => name)).toEqual(["mail", "mailless"]);
    const nowhere = await manager().berth("deploy mailbox --timeout 3s --json", { cwd });
    expect(nowhere.status).toBe(5);
    expect(parseList<Deployed>(nowhere.stdout)).toMatchObject([
      { error: { code: "boot-timeout", message: expect.stringContaining("no suitable node") } },
    ]);
    const notRunning = await manager().berth("exec mailbox true");
    expect([notRunning.status, notRunning.stderr]).toEqual([
      1,
      expect.stringContaining("mailbox is not running: its task is pending"),
    ]);
  });

  test("what cannot be is refused before anything is made", async () => {
    const cwd = fleet(`
defaults: {image: bookworm}
machines:
  mail: {root: /srv/m, deploy: {node: wroker, networks: [app, bridge], secrets: [kye], configs: [nope]}}
  own: {root: /srv/o}
  web: {}
`);
    const missing = await manager().berth("deploy mail", { cwd });
    expect(missing.status).toBe(4);
    for (const line of [
      "no node wroker (did you mean worker?)",
      "no overlay network app",
      "no overlay network bridge",
      "no secret kye",
      "no config nope",
    ]) {
      expect(missing.stderr).toContain(line);
    }
    const outside = await lab.node("alone").berth("deploy own", { cwd });
    expect([outside.status, outside.stderr]).toEqual([1, expect.stringContaining("docker swarm init")]);
    const notManager = await worker().berth("deploy own", { cwd });
    expect([notManager.status, notManager.stderr]).toEqual([
      1,
      expect.stringContaining("worker is not a manager of its swarm"),
    ]);
    expect((await worker().berth("ls --swarm")).status).toBe(1);
    await manager().docker(
      "service",
      "create",
      "--detach",
      "--no-resolve-image",
      "--replicas=0",
      "--name=own",
      "bookworm",
    );
    const foreign = await manager().berth("deploy own --json", { cwd });
    expect(errorCode(foreign.stdout)).toBe("not-ours");
    expect(errorCode((await manager().berth("deploy --rm own --json", { cwd })).stdout)).toBe("not-ours");
    for (const [args, status] of [
      ["deploy web", 2],
      ["deploy nothere", 4],
      ["deploy --dry-run --stack own", 2],
      ["deploy --rm", 2],
      ["up mail", 2],
    ] as const) {
      expect([args, (await manager().berth(args, { cwd })).status]).toEqual([args, status]);
    }
    expect((await manager().berth("up --dry-run", { cwd })).stdout).toContain("create web");
    expect((await manager().docker("service", "ls", "--format", "{{.Name}}")).stdout).toBe("own\n");
  });
});

describe.skipIf(!canHaveEngines)("a machine that berth deploy has put on another node (needs root)", () => {
  const lastingFleet = useFleets(afterAll);
  let root: string;
  let cwd: string;
  let deployed: RunResult;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    root = await extractRoot(worker(), "mail", await labImage("bookworm"));
    cwd = lastingFleet(mailOf(root, "one"));
    deployed = await manager().berth("deploy --wait-timeout 60s", { cwd });
    if (deployed.status !== 0) throw new Error(deployed.stderr);
    env = await startSshd();
  }, 120_000);
  afterAll(removeServices, 60_000);

  const stage = async () =>
    (await manager().berth(["exec", "mail", "cat", "/proc/1/environ"], { env })).stdout;

  test("its progress was told, to standard error alone", () => {
    expect(deployed.stdout).toBe("");
    expect(deployed.stderr).toMatch(
      /^mail: deploying\n(mail: preparing.*\n)*mail: starting.*\nmail: running/,
    );
  });

  test("ls --swarm shows it, its root and where it runs", async () => {
    expect(await swarmRows()).toMatchObject([
      { name: "mail", root, task: { state: "running", error: "", node: { name: "worker" } } },
    ]);
    expect((await manager().berth("ls --swarm")).stdout).toMatch(
      /^NAME +SERVICE +NODE +STATE.*\nmail +mail +worker +running /,
    );
    expect((await manager().berth("ls --swarm -q")).stdout).toBe("mail\n");
  });

  test("deployed again, it is kept", async () => {
    const [before] = await swarmRows();
    const again = await manager().berth("deploy mail --json", { cwd });
    expect(parseList<Deployed>(again.stdout)).toMatchObject([{ action: "kept", state: "running" }]);
    expect((await swarmRows())[0]?.task?.id).toBe(before?.task?.id as string);
  });

  // A getty that starts drops what init has just written: no late line.
  test("its console is the service's log, whichever node it is on", async () => {
    const log = await manager().berth("logs mail");
    expect([log.status, log.stdout]).toEqual([0, expect.stringContaining("Welcome to ")]);
    const [line] = (await manager().berth("logs --json -n 1 mail")).stdout.split("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({ machine: "mail", MESSAGE: expect.any(String) });
    expect((await manager().berth("logs -u dbus mail --json")).status).toBe(1);
    expect((await manager().berth("logs nothere mail")).status).toBe(4);
  });

  test("on its own node no ssh is needed; the node is no manager, so there it has its container's name", async () => {
    const { stdout: local } = await worker().berth("ls -q");
    const environment = await worker().berth(["exec", local.trim(), "cat", "/proc/1/environ"]);
    expect(environment.stdout).toContain("STAGE=one\0");
  });

  test("exec and shell reach it by ssh", async () => {
    const hostname = await manager().berth("exec mail hostname", { env });
    expect([hostname.status, hostname.stdout, hostname.stderr]).toEqual([0, "mail.example.org\n", ""]);
    const shell = await manager().berth(["shell", "mail", "--", "sh", "-c", "pwd; exit 7"], { env });
    expect([shell.status, shell.stdout, shell.stderr]).toEqual([7, "/root\n", ""]);
    const user = await manager().berth(["exec", "-u", "games", "mail", "id"], { env });
    expect(user.stdout).toStartWith("uid=5(games) gid=60(games)");
  });

  test("a node that refuses the ssh user is named, with what to try", async () => {
    const refused = await manager().berth("exec --json mail hostname", {
      env: { ...env, BERTH_SSH_USER: "nobody" },
    });
    expect([refused.status, errorCode(refused.stdout)]).toEqual([3, "engine-unreachable"]);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: {
        message: expect.stringContaining("cannot reach the engine of node worker, on which mail runs"),
        hint: expect.stringContaining(`ssh nobody@${worker().address} docker version`),
      },
    });
  });

  test("a change makes it anew, and --rollback takes the change back", async () => {
    const [before] = await swarmRows();
    writeFileSync(join(cwd, "berth.yaml"), mailOf(root, "two"));
    const updated = await manager().berth("deploy --wait-timeout 60s --json", { cwd });
    expect(parseList<Deployed>(updated.stdout)).toMatchObject([{ action: "updated", state: "running" }]);
    const [after] = await swarmRows();
    expect(after?.task?.id).not.toBe(before?.task?.id as string);
    expect(await stage()).toContain("STAGE=two\0");
    // The swarm itself changes the service when the update's time of watching is over, just before it hears
    // of this.
    const back = await whileHeld("deploy --rollback mail --timeout 60s --json", cwd, async () => {
      await waitFor(
        "the update is completed",
        async () => (await updateState()) === "completed" || undefined,
      );
    });
    expect(parseList<Deployed>(back.stdout)).toMatchObject([{ action: "rolled back", state: "running" }]);
    expect(await stage()).toContain("STAGE=one\0");
  }, 180_000);
});

/**
 * An ssh server on the worker, and the variables with which berth finds its way to it: the host itself is
 * not on the wire.
 */
async function startSshd(): Promise<Readonly<Record<string, string>>> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, "id")]);
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, "host")]);
  writeFileSync(
    join(keys, "sshd_config"),
    "HostKey /keys/host\nAuthorizedKeysFile /keys/id.pub\nPermitRootLogin yes\nStrictModes no\nPasswordAuthentication no\nPidFile none\n",
  );
  const mounts = [
    `${keys}:/keys:ro`,
    "/var/run/docker.sock:/var/run/docker.sock",
    "/usr/bin/docker:/usr/bin/docker:ro",
  ];
  await worker().docker(
    ...[
      "run",
      "--detach",
      "--name=sshd",
      "--network=host",
      ...mounts.map((mount) => `--volume=${mount}`),
      "sshd",
    ],
    ...["sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e -f /keys/sshd_config"],
  );
  writeFileSync(
    join(keys, "ssh"),
    `#!/bin/sh
exec nsenter --net=/proc/${manager().pid}/ns/net -- /usr/bin/ssh -F none -i ${keys}/id -o BatchMode=yes -o UserKnownHostsFile=${keys}/known -o StrictHostKeyChecking=accept-new "$@"
`,
  );
  chmodSync(join(keys, "ssh"), 0o755);
  const env = { PATH: `${keys}:${process.env.PATH}`, BERTH_SSH_USER: "root" };
  const reach = () => run(join(keys, "ssh"), ["-l", "root", worker().address ?? "", "docker", "version"]);
  await waitFor("the ssh server answers", () => reach().catch(() => undefined));
  return env;
}

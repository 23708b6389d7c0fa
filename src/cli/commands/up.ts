import { defineCommand, type OptionValues } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { fleetFilePlaces, loadFleet, withFileRead } from "#cli/options/fleet-file.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { openTask } from "#cli/options/open-task.ts";
import { waitTimeoutOption } from "#cli/options/time-option.ts";
import { worstStatus } from "#cli/render/exit-status.ts";
import { plainLines } from "#cli/render/text.ts";
import { renderUp } from "#cli/render/up.ts";
import { profiles } from "#contract/profiles.ts";
import { BerthError } from "#errors.ts";
import type { Fleet } from "#machinefile/machine.ts";
import { restartPolicies } from "#machinefile/machine.ts";
import { fleetFromFlags, namesFromEnvironment } from "#machinefile/read/adhoc.ts";
import { resolvePaths } from "#machinefile/read/resolve-paths.ts";
import { engineLock } from "#ops/engine/open-engine.ts";
import type { MachineUp } from "#ops/machine/machine-up.ts";
import { previewUp, up } from "#ops/machine/up.ts";
import type { Step } from "#plan/machine/up.ts";

const options = {
  image: {
    value: "IMAGE",
    description: "built-in name, image of the engine, or tarball of a root",
    env: "IMAGE",
    completes: "image",
  },
  memory: { short: "m", value: "SIZE", description: "memory limit, such as 512M" },
  memorySwap: { value: "SIZE", description: "memory and swap together; -1 is unlimited swap" },
  shmSize: { value: "SIZE", description: "how much /dev/shm holds, such as 1G (a share of the memory)" },
  tmpfs: {
    value: "PATH[:OPTIONS]",
    repeat: true,
    description: "file system in memory, such as /tmp:size=64m",
  },
  cpus: { value: "N", description: "processors, such as 1.5" },
  pids: { value: "N", description: "most processes and threads" },
  cpusetCpus: { value: "LIST", description: "processors to run on, such as 0-3,6" },
  blkioWeight: { value: "N", description: "share of block I/O, 10 to 1000" },
  deviceReadBps: {
    value: "DEVICE:SIZE",
    repeat: true,
    description: "bytes a second it may read, such as /dev/sda:10mb",
  },
  deviceWriteBps: { value: "DEVICE:SIZE", repeat: true, description: "bytes a second it may write" },
  deviceReadIops: { value: "DEVICE:N", repeat: true, description: "read operations a second" },
  deviceWriteIops: { value: "DEVICE:N", repeat: true, description: "write operations a second" },
  lxcfs: { description: "show the machine its own memory, processors, uptime and load (needs lxcfs)" },
  publish: {
    short: "p",
    value: "PORTS",
    repeat: true,
    description: "publish a port: [[ADDRESS:]HOST:]PORT[/udp]",
  },
  volume: { short: "v", value: "VOLUME", repeat: true, description: "mount [SOURCE:]TARGET[:ro]" },
  env: { short: "e", value: "NAME=VALUE", repeat: true, description: "variable for init" },
  label: { short: "l", value: "NAME=VALUE", repeat: true, description: "label for the container" },
  capAdd: { value: "CAPABILITY", repeat: true, description: "capability to add, such as NET_ADMIN" },
  profile: {
    value: "PROFILE",
    description: "how much the machine may do (full, else strict)",
    choices: profiles,
  },
  ids: { value: "N", description: "user and group ids of a machine in profile full (65536)" },
  restart: { value: "POLICY", description: "when the engine starts it again", choices: restartPolicies },
  stopTimeout: { value: "SECONDS", description: "time to shut down before it is killed" },
  hostname: { value: "NAME", description: "host name of one machine (its name)" },
  address: { value: "IP", description: "address of one machine (the next free one)" },
  alias: { value: "NAME", repeat: true, description: "further DNS name of one machine" },
  domain: { value: "DOMAIN", description: "network and DNS domain (berth.internal)" },
  subnet: { value: "CIDR", description: "the network's addresses (a free one)" },
  gateway: { value: "IP", description: "the host's address on the network" },
  command: { value: "INIT", repeat: true, description: "init and its arguments, each its own option" },
  dryRun: { description: "show what would be done and do nothing" },
  noWait: { description: "do not wait until they have booted" },
  rebuild: { description: "build or import the images anew" },
  mirror: { value: "URL", description: "package archive to build images from", env: "BERTH_MIRROR" },
  parallel: {
    value: "N",
    description: "how many boot at once (4 per processor, at least 16)",
    parse: parseCount,
  },
  waitTimeout: { ...waitTimeoutOption, formerly: ["timeout"] },
} as const;

export const command = defineCommand({
  name: "up",
  summary: "Create, start or continue machines",
  description: `Makes the machines of berth.yaml run: creates what is missing, starts what stopped, leaves alone what runs, and says where a machine differs from the file. With names, only those and what they depend on. It waits until each machine's init says that it has booted.

With --image no file is needed: the names are the machines. NAMES and IMAGE in the environment do the same.

Interrupted, it leaves whole machines; the next \`berth up\` goes on. Status 5 says that a machine did not boot, or booted degraded.`,
  arguments: [
    { name: "name", description: "machines", required: false, variadic: true, completes: "machine" },
  ],
  options,
  examples: [
    { command: "berth up", description: "all machines of berth.yaml" },
    { command: "berth up web db --image debian-12", description: "two machines without a file" },
    {
      command: "berth up web --image ./root.tar.xz -p 8080:80 -m 512M",
      description: "from a tarball, with a port and a limit",
    },
    { command: "berth up --dry-run", description: "what would be done" },
    { command: 'NAMES="web db" IMAGE=debian-12 berth up', description: "the same by environment" },
  ],
  async action(context, { name: given }, chosen) {
    const { names, fleet } = chooseFleet(await withFileRead(context), given, chosen);
    const engine = await openContextEngine(context);
    const task = openTask(context, engine);
    const options = {
      names,
      images: {
        fleetImages: fleet.images,
        cwd: context.io.cwd,
        env: context.io.env,
        mirror: chosen.mirror,
        rebuild: chosen.rebuild,
      },
      files: chosen.image === undefined ? fleetFilePlaces(context) : [],
    };
    if (chosen.dryRun) {
      const steps = await previewUp(task, fleet, options);
      await context.result(steps, () => steps.map((step) => `${plainLines(renderStep(step))}\n`).join(""));
      return undefined;
    }
    const results = await up(task, fleet, {
      ...options,
      concurrency: chosen.parallel,
      timeout: chosen.waitTimeout,
      wait: !chosen.noWait,
      lockFile: engineLock(engine),
      onWaiting: () => context.note("waits for another berth that is at work on this engine"),
      now: context.io.now,
    });
    await context.result(results.map(forJson), (view) => renderUp(results, view));
    const speaker = chosen.image === undefined ? "the file" : "the command line";
    for (const { name: machine, differences } of results) {
      for (const { key, has, wants } of differences)
        context.note(`${machine}: ${key} is ${show(has)}, ${speaker} says ${show(wants)}`);
    }
    if (results.some((machine) => machine.differences.length > 0))
      context.note("  → to make such a machine anew: berth rm -f NAME && berth up NAME");
    return worstStatus(results);
  },
});

/** The file's fleet, or with --image one made of the names. */
function chooseFleet(
  context: Context,
  given: readonly string[],
  chosen: UpFlags,
): { names: readonly string[]; fleet: Fleet } {
  const fromEnvironment = namesFromEnvironment(context.io.env);
  const names = given.length > 0 ? given : fromEnvironment.names;
  if (chosen.image === undefined) {
    const extra = (Object.keys(fileFree) as (keyof typeof fileFree)[]).filter((key) => isGiven(chosen[key]));
    if (extra.length > 0) {
      throw new BerthError(
        "usage",
        `${extra.map((key) => fileFree[key]).join(", ")} ${extra.length === 1 ? "goes" : "go"} with --image`,
        {
          hint: "machines of a file are described in the file",
        },
      );
    }
    return { names, fleet: loadFleet(context) };
  }
  const { volume, env, label, capAdd, alias, command: init, ...rest } = chosen;
  const list = (values: readonly string[]) => (values.length > 0 ? values : undefined);
  const fleet = fleetFromFlags(
    {
      ...rest,
      names,
      publish: list(chosen.publish),
      tmpfs: list(chosen.tmpfs),
      volumes: list(volume),
      environment: list(env),
      labels: list(label),
      capabilities: list(capAdd),
      aliases: list(alias),
      command: list(init),
      deviceReadBps: list(chosen.deviceReadBps),
      deviceWriteBps: list(chosen.deviceWriteBps),
      deviceReadIops: list(chosen.deviceReadIops),
      deviceWriteIops: list(chosen.deviceWriteIops),
    },
    context.io.env,
  );
  return { names: [], fleet: resolvePaths(fleet, { directory: context.io.cwd, home: context.io.home }) };
}

/** Options that describe a machine, and so need --image. */
const fileFree = {
  memory: "--memory",
  memorySwap: "--memory-swap",
  shmSize: "--shm-size",
  tmpfs: "--tmpfs",
  cpus: "--cpus",
  pids: "--pids",
  cpusetCpus: "--cpuset-cpus",
  blkioWeight: "--blkio-weight",
  deviceReadBps: "--device-read-bps",
  deviceWriteBps: "--device-write-bps",
  deviceReadIops: "--device-read-iops",
  deviceWriteIops: "--device-write-iops",
  lxcfs: "--lxcfs",
  publish: "--publish",
  volume: "--volume",
  env: "--env",
  label: "--label",
  capAdd: "--cap-add",
  profile: "--profile",
  ids: "--ids",
  restart: "--restart",
  stopTimeout: "--stop-timeout",
  hostname: "--hostname",
  address: "--address",
  alias: "--alias",
  domain: "--domain",
  subnet: "--subnet",
  gateway: "--gateway",
  command: "--command",
} as const;

type UpFlags = OptionValues<typeof options>;

function isGiven(value: string | boolean | readonly string[] | undefined): boolean {
  return typeof value === "boolean" ? value : value !== undefined && value.length > 0;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new BerthError("usage", `"${text}" is not a number from 1 on`);
  return count;
}

function renderStep(step: Step): string {
  switch (step.do) {
    case "create-network":
      return `create network ${step.network.domain} ${step.network.subnet}`;
    case "create":
      return `create ${step.machine.name} ${step.address} from ${step.machine.image}, start it`;
    case "keep":
      return `keep ${step.machine.name}, which runs`;
    default:
      return `${step.do} ${step.machine.name}`;
  }
}

function show(value: unknown): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}

function forJson(machine: MachineUp) {
  const { error, ...rest } = machine;
  return error === undefined
    ? rest
    : {
        ...rest,
        error: { code: error.code, message: error.message, hint: error.hint, details: error.details },
      };
}

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labImage } from "#lab/lab-image.ts";
import { type Comparison, differenceTarget, seriesOf, target } from "./comparison.ts";
import { waitRunning } from "./machines.ts";
import { berth, docker, image, type Place } from "./place.ts";
import { type Contender, interleave, timed } from "./rounds.ts";

/**
 * What a service's machine costs beside a plain container of a service, and what its loader costs at rest;
 * docs/loader.md.
 */

const network = "bench-overlay";
/** Time in which a loader's work at rest is measured, and before that for the boots to settle. */
const restMs = 30_000;
const services = 20;

export const serviceStart: Comparison = {
  name: "a swarm service, from the command to running",
  rounds: 10,
  async run(place, rounds) {
    return await inSwarm(place, async (folder) => {
      const plain: Contender = {
        name: "a plain container",
        measure: () =>
          start(
            place,
            [image, "sleep", "infinity"],
            `until [ -n "$(${docker} ps -q -f name=timed.1)" ]; do sleep 0.02; done`,
          ),
      };
      const machine: Contender = {
        name: "a machine by its loader",
        measure: () =>
          start(
            place,
            loaderWords(folder),
            `until app=$(${docker} ps -q -f label=berth.machine) && [ -n "$app" ]; do sleep 0.02; done; wait_running "$app"`,
          ),
      };
      const series = await interleave([plain, machine], rounds, place.signal);
      const ours = seriesOf(series, machine.name);
      return {
        series,
        targets: [
          differenceTarget(
            "a service's machine beside a plain container",
            1500,
            ours,
            seriesOf(series, plain.name),
          ),
        ],
      };
    });
  },
};

export const restingLoaders: Comparison = {
  name: "services' loaders at rest",
  rounds: 1,
  async run(place) {
    return await inSwarm(place, async (folder) => {
      const names = Array.from({ length: services }, (_, index) => `rest${index}`);
      for (const name of names) {
        await place.run("cp", "-a", folder, `${folder}-${name}`);
        await place.run(docker, ...createWords(name, withSocket(place, loaderWords(`${folder}-${name}`))));
      }
      const wait = `until [ $(${docker} ps -q -f label=berth.machine | wc -l) = ${services} ]; do sleep 0.2; done
        for app in $(${docker} ps -q -f label=berth.machine); do wait_running "$app"; done`;
      await place.run("timeout", "300", "sh", "-c", `${waitRunning}\n${wait}`);
      await sleep(restMs);
      const pids = await loaderPids(place);
      const before = await Promise.all(pids.map((pid) => busyMs(place, pid)));
      await sleep(restMs);
      const after = await Promise.all(pids.map((pid) => busyMs(place, pid)));
      const memory = await Promise.all(pids.map((pid) => residentMb(place, pid)));
      const busiest = Math.max(...after.map((time, index) => ((time - (before[index] ?? 0)) / restMs) * 100));
      return {
        series: [],
        targets: [
          target(`the largest of ${pids.length} loaders`, Math.max(...memory), 60, "MB"),
          target(`the busiest of ${pids.length} loaders, health checks and all`, busiest, 0.5, "%"),
        ],
      };
    });
  },
};

/** Makes the engine a swarm with the loader's image and a root, and undoes that. */
async function inSwarm<T>(place: Place, work: (folder: string) => Promise<T>): Promise<T> {
  await place.clear();
  const folder = join(place.directory, "service-root");
  await mkdir(folder, { recursive: true });
  await place.run("tar", "--numeric-owner", "-xpf", await labImage("bookworm"), "-C", folder);
  await place.run(docker, "swarm", "init", "--advertise-addr", place.node.address ?? "");
  try {
    await place.run(docker, "network", "create", "--driver=overlay", network);
    await place.run(berth, "loader", "image", "--tag=bench-loader:latest");
    return await work(folder);
  } finally {
    await removeServices(place);
    await place.run(docker, "swarm", "leave", "--force");
  }
}

const loaderWords = (folder: string) => [
  "--mount",
  "SOCKET",
  `--container-label=berth.loader.root=${folder}`,
  "bench-loader:latest",
];

function createWords(name: string, words: readonly string[]): readonly string[] {
  return [
    "service",
    "create",
    "--detach",
    "--quiet",
    `--name=${name}`,
    `--network=${network}`,
    "--endpoint-mode=dnsrr",
    "--no-resolve-image",
    ...words,
  ];
}

async function start(place: Place, words: readonly string[], wait: string): Promise<number> {
  await removeServices(place);
  const create = createWords("timed", withSocket(place, words));
  const time = await timed(() =>
    place.run(
      "timeout",
      "120",
      "sh",
      "-c",
      `${waitRunning}\n${docker} "$@" >/dev/null\n${wait}`,
      "sh",
      ...create,
    ),
  );
  await removeServices(place);
  return time;
}

function withSocket({ node }: Place, words: readonly string[]): readonly string[] {
  const mount = `type=bind,source=${node.socket.slice("unix://".length)},target=/var/run/docker.sock`;
  return words.map((word) => (word === "SOCKET" ? mount : word));
}

/** Until nothing of them is left: the next start shall not wait for the last one's end. */
async function removeServices(place: Place): Promise<void> {
  const script = `ids=$(${docker} service ls -q); [ -z "$ids" ] || ${docker} service rm $ids >/dev/null
    until [ -z "$(${docker} ps -aq)" ]; do sleep 0.1; done`;
  await place.run("timeout", "120", "sh", "-c", script);
}

/** As the engine's processes see them. */
async function loaderPids(place: Place): Promise<readonly string[]> {
  const list = `${docker} ps -q -f ancestor=bench-loader:latest -f label=com.docker.swarm.task | xargs ${docker} inspect -f '{{.State.Pid}}'`;
  return (await place.run("sh", "-c", list)).stdout.trim().split("\n");
}

/** Of all processes of the container, those that have ended too. */
async function busyMs({ node }: Place, pid: string): Promise<number> {
  const script = `cat /sys/fs/cgroup/cpuacct$(awk -F: '$2 ~ /(^|,)cpuacct(,|$)/ {print $3}' /proc/${pid}/cgroup)/cpuacct.usage`;
  return Number((await node.run("sh", "-c", script)).stdout) / 1e6;
}

async function residentMb({ node }: Place, pid: string): Promise<number> {
  return Number((await node.run("awk", "/^VmRSS:/ {print $2}", `/proc/${pid}/status`)).stdout) / 1024;
}

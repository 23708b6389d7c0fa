import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { tryRun } from "#host/process/run.ts";
import { type Comparison, ratioTarget, seriesOf } from "./comparison.ts";
import { berth, docker, image, type Place } from "./place.ts";
import { type Contender, interleave, timed } from "./rounds.ts";

/**
 * How machines are run by hand: what systemd needs, as options of `docker run`, in the host's cgroup
 * namespace.
 */
const recipe = [
  "--cgroupns=host --tmpfs /run:exec --tmpfs /run/lock --tmpfs /tmp:exec",
  "-v /sys/fs/cgroup:/sys/fs/cgroup:ro -e container=docker --stop-signal SIGRTMIN+3",
].join(" ");

/** Asks a machine until it has booted. Only its bus can say so, so the first answers fail. */
export const waitRunning = `
wait_running() {
  while :; do
    case $(${docker} exec "$1" systemctl is-system-running --wait 2>/dev/null) in
      running) return ;;
      degraded) echo "$1 is degraded" >&2; exit 1 ;;
    esac
    sleep 0.02
  done
}
each_running() {
  pids=
  for name; do wait_running "$name" & pids="$pids $!"; done
  for pid in $pids; do wait "$pid" || exit; done
}`;

export const byHand = (network: string) => `${waitRunning}
boot() { ${docker} run -d -t --name "$1" ${network} ${recipe} ${image} >/dev/null && wait_running "$1"; }
pids=
for name; do boot "$name" & pids="$pids $!"; done
for pid in $pids; do wait "$pid" || exit; done`;

export const oneMachine: Comparison = {
  name: "one machine, from the command to running",
  rounds: 12,
  async run(place, rounds) {
    const names = ["alone"];
    await place.run(docker, "network", "create", "named");
    const contenders = [
      contender(place, "docker run", shell(byHand(""), names)),
      // What berth's and compose's machines have, too: the engine's resolver, which answers for names.
      contender(place, "docker run, on a network with names", shell(byHand("--network=named"), names)),
      contender(place, "berth up", up(names)),
    ];
    const series = await interleave(contenders, rounds, place.signal);
    const [hand, ours] = [seriesOf(series, "docker run"), seriesOf(series, "berth up")];
    return { series, targets: [ratioTarget("one machine: berth up beside docker run", 1.05, ours, hand)] };
  },
};

export const tenMachines: Comparison = {
  name: "ten machines at once, from the command to running",
  rounds: 5,
  async run(place, rounds) {
    const names = Array.from({ length: 10 }, (_, index) => `many${index}`);
    const compose = await findCompose();
    const file = join(place.directory, "docker-compose.yml");
    await writeFile(file, composeFile(names));
    const composeUp = `${waitRunning}\n${compose} -p many -f ${file} up -d >/dev/null 2>&1 && each_running "$@"`;
    const series = await interleave(
      [
        contender(place, "docker run in a loop", shell(byHand(""), names)),
        contender(place, compose, shell(composeUp, names)),
        contender(place, "berth up", up(names)),
      ],
      rounds,
      place.signal,
    );
    const ours = seriesOf(series, "berth up");
    return {
      series,
      targets: [
        ratioTarget(
          "ten machines: berth up beside docker run in a loop",
          0.9,
          ours,
          seriesOf(series, "docker run in a loop"),
        ),
        ratioTarget(`ten machines: berth up beside ${compose}`, 0.7, ours, seriesOf(series, compose)),
      ],
    };
  },
};

/**
 * Starts from an engine without containers; the networks that berth and compose make stay, since only the
 * first start makes them.
 */
export function contender(place: Place, name: string, command: readonly string[]): Contender {
  return {
    name,
    async measure() {
      await place.clear();
      const time = await timed(() => place.run("timeout", "120", ...command));
      await place.clear();
      return time;
    },
  };
}

export function up(names: readonly string[], ...flags: readonly string[]): readonly string[] {
  return [berth, "up", ...names, "--image", image, ...flags];
}

export function shell(script: string, names: readonly string[]): readonly string[] {
  return ["sh", "-c", script, "sh", ...names];
}

/**
 * `docker compose` where the client has it, else docker-compose, which had its own program until version 2.
 */
async function findCompose(): Promise<string> {
  if ((await tryRun(docker, ["compose", "version"])).status === 0) return `${docker} compose`;
  try {
    if ((await tryRun("docker-compose", ["version"])).status === 0) return "docker-compose";
  } catch (cause) {
    throw new BerthError(
      "tool-missing",
      "there is neither docker compose nor docker-compose to compare with",
      {
        hint: "Run `apt-get install docker-compose`.",
        cause,
      },
    );
  }
  throw new BerthError("tool-failed", "docker-compose does not work here");
}

/**
 * The recipe as docker-compose takes it; on cgroup v1 the host's cgroup namespace is the engine's default.
 */
function composeFile(names: readonly string[]): string {
  const machine = {
    image,
    tty: true,
    tmpfs: ["/run:exec", "/run/lock", "/tmp:exec"],
    volumes: ["/sys/fs/cgroup:/sys/fs/cgroup:ro"],
    environment: { container: "docker" },
    stop_signal: "SIGRTMIN+3",
  };
  // YAML, since JSON is.
  return JSON.stringify({
    version: "3",
    services: Object.fromEntries(names.map((name) => [name, { ...machine, container_name: name }])),
  });
}

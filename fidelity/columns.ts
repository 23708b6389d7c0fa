import type { Machine } from "./machine.ts";
import { plainOptions, startContainer } from "./machines/docker.ts";
import { startLxc } from "./machines/lxc.ts";
import { startNspawn } from "./machines/nspawn.ts";
import type { Place } from "./place.ts";

/** One way to run a machine. */
export interface Column {
  /** For `--columns`, and the table's head: at most 7 characters. */
  readonly id: string;
  /** What it is, for the documentation. */
  readonly what: string;
  /** Whether it needs a root that has systemd-nspawn and LXC. */
  readonly peer: boolean;
  start(place: Place): Promise<Machine>;
}

const berth = (id: string, what: string, options: readonly string[]): Column => ({
  id,
  what,
  peer: false,
  start: (place) => startContainer(place, id, ["--runtime=berth", ...options]),
});

export const columns: readonly Column[] = [
  berth("strict", "berth, profile strict: `docker run --runtime=berth -e BERTH_PROFILE=strict`", [
    "--env=BERTH_PROFILE=strict",
  ]),
  berth("full", "berth, profile full: `docker run --runtime=berth -e BERTH_PROFILE=full`", [
    "--env=BERTH_PROFILE=full",
  ]),
  berth("privil.", "berth, profile privileged: `docker run --runtime=berth --privileged`", ["--privileged"]),
  {
    id: "nspawn",
    what: "systemd-nspawn with the options of systemd-nspawn@.service, thus in a user namespace (`-U`); the mark",
    peer: true,
    start: (place) => startNspawn(place, "nspawn"),
  },
  {
    id: "LXC",
    what: "LXC with Debian's default configuration, unprivileged (`lxc.idmap`)",
    peer: true,
    start: (place) => startLxc(place, "lxc"),
  },
  {
    id: "docker",
    what:
      "Docker alone, as recipes without `--privileged` have it: `--cgroupns=host --tmpfs /run:exec --tmpfs /run/lock --tmpfs /tmp:exec " +
      "-v /sys/fs/cgroup:/sys/fs/cgroup:ro -e container=docker --stop-signal SIGRTMIN+3`, on cgroup v2 with `:rw`",
    peer: false,
    start: (place) => startContainer(place, "plain", plainOptions(place)),
  },
];

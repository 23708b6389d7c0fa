import type { Machine } from "../machine.ts";
import { archivePoint, image, type Place } from "../place.ts";

/**
 * How machines are run by hand: what systemd needs, as options of `docker run`, in the host's cgroup
 * namespace.
 */
const recipe = [
  "--cgroupns=host",
  "--tmpfs=/run:exec",
  "--tmpfs=/run/lock",
  "--tmpfs=/tmp:exec",
  "--env=container=docker",
];

/**
 * On cgroup2 the recipes have the host's whole tree writable: read-only, as with v1, systemd does not start.
 */
export function plainOptions(place: Place): readonly string[] {
  const access = place.cgroupView === "v2" ? "rw" : "ro";
  return [...recipe, `--volume=/sys/fs/cgroup:/sys/fs/cgroup:${access}`, "--stop-signal=SIGRTMIN+3"];
}

/** A container of the place's engine, with these options of `docker run`. */
export async function startContainer(
  place: Place,
  name: string,
  options: readonly string[],
): Promise<Machine> {
  const volume = place.archive === undefined ? [] : [`--volume=${place.archive}:${archivePoint}:ro`];
  await place.node.docker("run", "--detach", "--tty", "--name", name, ...options, ...volume, image);
  return {
    run: (script) => place.tryDocker("exec", name, "sh", "-c", script),
    readCgroups: async () => {
      const { stdout } = await place.tryDocker("inspect", "--format", "{{.State.Pid}}", name);
      const { status, stdout: cgroups } = await place.tryRun("cat", `/proc/${stdout.trim()}/cgroup`);
      return stdout.trim() === "0" || status !== 0 ? undefined : cgroups;
    },
    readConsole: async () => (await place.tryDocker("logs", "--tail", "20", name)).stdout,
    restart: async () => {
      await place.node.docker("restart", "--time", "20", name);
    },
    destroy: async () => {
      await place.node.docker("rm", "--force", "--volumes", name);
    },
  };
}

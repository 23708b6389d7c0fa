import { mayBeOf, parseMountinfo, pointOf } from "#linux/mountinfo.ts";

/**
 * Candidates for this process's container, the most likely first: the id in the engine's files mounted into
 * it (proc_pid_mountinfo(5)), with any cgroups; the v1 cgroup path of old engines; the host name, by default
 * the beginning of the id. The engine must confirm each.
 */
export function parseOwnIds(mountinfo: string, cgroup: string, hostname: string): readonly string[] {
  const mounted = parseMountinfo(mountinfo, (line) => engineFiles.test(pointOf(line))).flatMap(
    ({ root }) => /\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)$/.exec(root)?.[1] ?? [],
  );
  const controlled = [...cgroup.matchAll(/[/-]([0-9a-f]{64})(?:\.scope)?$/gm)];
  const named = /^[0-9a-f]{12}$/.test(hostname) ? [hostname] : [];
  return [...new Set([...mounted, ...controlled.map(([, id = ""]) => id), ...named])];
}

const engineFiles = /^\/etc\/(?:hostname|hosts|resolv\.conf)$/;

/** A secret or config that the swarm has mounted into this container. */
export interface SwarmFile {
  /** Where it is in the container. */
  readonly target: string;
  /** The file's name in the engine's directory for them. */
  readonly name: string;
}

/**
 * The secrets and configs among a container's mounts: files of a tmpfs of the engine's, named by the swarm's
 * ids of 25 letters and digits (swarmkit's identity; proc_pid_mountinfo(5)).
 */
export function parseSwarmFiles(mountinfo: string): readonly SwarmFile[] {
  return parseMountinfo(mountinfo, mayBeOf("tmpfs ")).flatMap(({ root, point }) => {
    const name = /^(?:\/.*)?\/([0-9a-z]{25})$/.exec(root)?.[1];
    return name === undefined ? [] : [{ target: point, name }];
  });
}

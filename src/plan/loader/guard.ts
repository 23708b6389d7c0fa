import { label } from "#labels/machine.ts";
import { parentOf } from "#linux/path.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import type { Publish } from "#machinefile/value/publish.ts";
import type { FolderFacts } from "./folder.ts";

/** A guard's task, as JSON in its environment. */
export interface GuardTask {
  /** The loader's container, the machine's name, and the guard's own. */
  readonly loader: string;
  readonly machine: string;
  readonly guard: string;
  /** The engine's own id. */
  readonly engine: string;
  /** The folder on the host; undefined where an image is the root. */
  readonly folder?: string;
  readonly command: readonly string[];
  readonly publish: readonly Publish[];
  /** The machine's addresses as the host reaches them. */
  readonly targets: { readonly ipv4?: string; readonly ipv6?: string };
  /** The machine's stop timeout in seconds if its loader dies unexpectedly. */
  readonly stopTimeout: number;
  /** The name of the parent cgroup that is made for the machine, where one is. */
  readonly cgroupParent?: string;
}

/** Where a guard finds things of the host in its container. */
export const guardPaths = {
  task: "BERTH_GUARD",
  parent: "/host/parent",
  folder: "/host/folder",
  cgroups: "/host/cgroup",
} as const;

/** The loader's container as far as its guard's is made after it. */
export interface GuardOrigin {
  readonly image: string;
  /**
   * The engine's socket, and where it is: the socket itself or its directory, on the host and in the loader.
   */
  readonly socket: { readonly path: string; readonly source: string; readonly target: string };
  /** Whether the host has a lock for those who change its old iptables. */
  readonly lock: boolean;
}

/**
 * Root's locks on the host, which its engine makes where they are not there: among them one for what a folder
 * is.
 */
const locks = "/run/berth/locks";

/**
 * The lock of iptables-legacy (iptables(8), XTABLES_LOCKFILE): two who change the rules at once without it
 * lose one of them.
 */
const xtablesLock = "/run/xtables.lock";

/**
 * The body of POST /containers/create for a guard: it looks at the folder, holds it, publishes ports in the
 * host's network, and removes what is left when the loader is gone. It starts again when it was killed, until
 * it has removed itself.
 */
export function renderGuard(task: GuardTask, { image, socket, lock }: GuardOrigin) {
  const bind = (source: string, target: string, readOnly: boolean) => ({
    Type: "bind" as const,
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  });
  const { folder } = task;
  return {
    Image: image,
    Entrypoint: ["/berth", "loader", "guard"],
    Cmd: [],
    Env: [`${guardPaths.task}=${JSON.stringify(task)}`, `DOCKER_HOST=unix://${socket.path}`],
    Labels: omitUndefined({ [label.guard]: task.loader, [label.root]: folder }) as Record<string, string>,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: "host",
      Init: false,
      // A restarted engine also stops leftover containers, which counts as stopped by hand.
      RestartPolicy: { Name: "always" as const },
      ReadonlyRootfs: true,
      Tmpfs: { "/run": "rw,nosuid,nodev,mode=755", "/tmp": "rw,nosuid,nodev,mode=1777" },
      CapDrop: ["ALL"],
      // Rules and ports below 1024; the folder and its lease, whoever owns them.
      CapAdd: ["NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "DAC_OVERRIDE", "DAC_READ_SEARCH"],
      SecurityOpt: ["no-new-privileges"],
      // Twice what all connections that it may relay at once can take; whatever a folder or an engine tells
      // it, the node keeps the rest.
      Memory: 2 * 1024 ** 3,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      Binds: folder === undefined ? [] : [`${locks}:${locks}`],
      Mounts: [
        bind(socket.source, socket.target, true),
        ...(lock ? [bind(xtablesLock, xtablesLock, false)] : []),
        ...(folder === undefined
          ? []
          : [bind(parentOf(folder), guardPaths.parent, false), bind(folder, guardPaths.folder, true)]),
        ...(task.cgroupParent === undefined ? [] : [bind("/sys/fs/cgroup", guardPaths.cgroups, false)]),
      ],
    },
  };
}

/**
 * One line of a guard's output: first the folder, as soon as it is the machine's; then that all is ready for
 * the start.
 */
export type GuardReport =
  | { readonly waiting: string }
  | { readonly folder: FolderFacts | null }
  | { readonly ready: { readonly warnings: readonly string[] } }
  | { readonly refused: { readonly code: string; readonly message: string; readonly hint?: string } };

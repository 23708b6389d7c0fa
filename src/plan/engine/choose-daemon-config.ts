import { defaultSocket, type Endpoint, renderEndpoint } from "#api/address.ts";
import { BerthError } from "#errors.ts";
import { daemonConfigOf, type EngineProgram, enginePackaging, systemDaemonConfig } from "./engine-program.ts";

export interface EngineSight {
  readonly endpoint: Endpoint;
  /** Whether an engine answers there. */
  readonly answers: boolean;
  /** dockerd's process on this host; undefined where none is to be seen. */
  readonly program: EngineProgram | undefined;
  /** Whether root asks: what another user's process says of itself does not choose files for root. */
  readonly byRoot: boolean;
  /** The user's own word: a daemon.json, and whether he named dockerd's process. */
  readonly given: { readonly file: string | undefined; readonly process: boolean };
}

/**
 * The daemon.json of the engine that was chosen. Throws `host-unfit` for an engine that cannot be shown to be
 * this host's, or that does not see this host's files, and `engine-unreachable` for one that does not run and
 * may have another file than the system's: the file of one engine is never written for another.
 */
export function chooseDaemonConfig({ endpoint, answers, program, byRoot, given }: EngineSight): string {
  const address = renderEndpoint(endpoint);
  if (endpoint.kind !== "unix" && !given.process)
    throw new BerthError(
      "host-unfit",
      `the engine at ${address} may run on another host (example of a local engine: unix://${defaultSocket})`,
      {
        hint: "Run it on the engine's host; name a local engine by its socket, or by --engine-pid.",
      },
    );
  if (program !== undefined) return given.file ?? fileOf(program, address, byRoot);
  if (given.file !== undefined) return given.file;
  if (answers)
    throw new BerthError("host-unfit", `cannot find the process of the engine at ${address} on this host`, {
      hint: "Run the command where the engine runs, as its user, or give --engine-config.",
    });
  if (systemSockets.includes(endpoint.kind === "unix" ? endpoint.path : "")) return systemDaemonConfig;
  throw new BerthError("engine-unreachable", `no engine runs at ${address}, and its daemon.json is unknown`, {
    hint: "Start it first, or give its daemon.json with --engine-config.",
  });
}

/** The distributions' docker.socket, by both names of /run. */
const systemSockets: readonly string[] = [defaultSocket, "/run/docker.sock"];

/** Not where its users could not be read, of a process that ended. */
const isRoots = ({ users }: EngineProgram) => users?.every((user) => user === 0) ?? false;

function fileOf(program: EngineProgram, address: string, byRoot: boolean): string {
  const packaging = enginePackaging(program);
  if (byRoot && packaging === "rootless")
    throw new BerthError("host-unfit", `the engine at ${address} is rootless, and another user's`, {
      hint: "Run the command as that user, with --in-place.",
    });
  // Its user has written its arguments and environment, which decide below.
  if (byRoot && !isRoots(program))
    throw new BerthError("host-unfit", `the engine at ${address} is another user's, not root's`, {
      hint: "Run the command as that user, with --in-place; or give its daemon.json with --engine-config.",
    });
  if (packaging === "snap")
    throw new BerthError(
      "host-unfit",
      `the engine at ${address} is a snap, which cannot run programs of this host`,
      {
        hint: "Install Docker's own packages or the distribution's instead (snap remove docker).",
      },
    );
  if (program.sharesRoot === false)
    throw new BerthError("host-unfit", `the engine at ${address} has another root directory than this host`, {
      hint: "Run the command there (in its container or chroot), or give --engine-config and --in-place.",
    });
  const file = daemonConfigOf(program);
  if (file !== undefined) return file;
  throw new BerthError("host-unfit", `cannot tell which daemon.json the engine at ${address} reads`, {
    hint: "Give it with --engine-config.",
  });
}

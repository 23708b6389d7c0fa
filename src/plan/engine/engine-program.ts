/** What /proc shows of a dockerd; undefined where this user may not see it. */
export interface EngineProgram {
  /** The program's file (`exe`, proc_pid_exe(5)). */
  readonly path: string | undefined;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The process's user ids: real, effective, saved, file system's. */
  readonly users: readonly number[] | undefined;
  /** Whether its root directory is that of this process. */
  readonly sharesRoot: boolean | undefined;
}

/** How Docker came to a host, as far as it matters to what it can run. */
export type EnginePackaging = "system" | "rootless" | "snap";

/** Rootlesskit tells its children so; dockerd itself looks for the same (moby, pkg/rootless). */
const rootlessMark = "ROOTLESSKIT_STATE_DIR";

export function enginePackaging({ path, environment }: EngineProgram): EnginePackaging {
  if (path !== undefined && /^(\/var\/lib\/snapd)?\/snap\//.test(path)) return "snap";
  return Object.hasOwn(environment, rootlessMark) ? "rootless" : "system";
}

/**
 * The daemon.json of a dockerd: what `--config-file` names, else its default (dockerd(8); rootless:
 * docker/daemon.json in $XDG_CONFIG_HOME or ~/.config). Undefined for a relative path and a rootless engine
 * without a home.
 */
export function daemonConfigOf(program: EngineProgram): string | undefined {
  const named = optionValue(program.arguments, "config-file");
  if (named !== undefined) return named.startsWith("/") ? named : undefined;
  if (enginePackaging(program) !== "rootless") return systemDaemonConfig;
  const { XDG_CONFIG_HOME: config, HOME: home } = program.environment;
  const directory = config || (home ? `${home}/.config` : undefined);
  return directory === undefined ? undefined : `${directory}/docker/daemon.json`;
}

export const systemDaemonConfig = "/etc/docker/daemon.json";

/** As Go's pflag reads it: `--name VALUE` or `--name=VALUE`, the last one counts. */
function optionValue(given: readonly string[], name: string): string | undefined {
  const at = given.findLastIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  const word = given[at];
  return word === `--${name}` ? given[at + 1] : word?.slice(name.length + 3);
}

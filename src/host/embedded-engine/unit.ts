import { existsSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "#errors.ts";
import { readLinkTarget } from "#host/process/proc-file.ts";
import { tryRun } from "#host/process/run.ts";
import { isSystemdBooted } from "#host/systemd/booted.ts";
import { type EmbeddedEngineOptions, type EmbeddedEnginePlace, enginePaths } from "./options.ts";
import { unitScript } from "./scripts.ts";

/** The transient unit of an engine on a host that systemd runs. */
export const engineUnit = (name: string) => `berth-engine-${name}.service`;

/** The unit's cgroup, which systemd delegates: the machines' are below it. */
export const unitCgroup = (name: string) => `/system.slice/${engineUnit(name)}`;

/**
 * Whether a start makes a unit: where systemd runs the host, and sees what this process sees. In a unit, an
 * engine outlives the session that started it (logind.conf(5), KillUserProcesses), has no login's audit id
 * (proc_pid_loginuid(5)), and stops its machines when the host shuts down.
 */
export async function usesUnit({ endsWithCaller }: EmbeddedEngineOptions): Promise<boolean> {
  if (endsWithCaller === true || !isSystemdBooted()) return false;
  const shared = await Promise.all(
    ["mnt", "net", "pid"].map(async (kind) => {
      const [init, own] = await Promise.all(
        [1, "self"].map((pid) => readLinkTarget(`/proc/${pid}/ns/${kind}`)),
      );
      return init !== undefined && init === own;
    }),
  );
  return !shared.includes(false);
}

/**
 * The command line that runs a command as an engine's unit (systemd-run(1)). Its environment is the file's,
 * which only root may read: anyone may ask systemd for a unit's settings.
 */
export function unitCommand(
  systemdRun: string,
  place: EmbeddedEnginePlace,
  command: readonly string[],
): readonly string[] {
  const { log, environment } = enginePaths(place);
  const properties = [
    "Type=exec",
    "Delegate=yes",
    // The main process alone gets SIGTERM; what is left after it, SIGKILL.
    "KillMode=mixed",
    "TimeoutStopSec=120",
    // As docker.service has it: the machines have limits of their own.
    ...["TasksMax", "LimitNPROC", "LimitCORE"].map((limit) => `${limit}=infinity`),
    "OOMPolicy=continue",
    `EnvironmentFile=${environment}`,
    `StandardOutput=append:${log}`,
    `StandardError=append:${log}`,
  ];
  return [
    systemdRun,
    ...["--quiet", "--collect", `--unit=${engineUnit(place.name)}`],
    `--description=Docker engine of berth (${place.name})`,
    ...properties.map((property) => `--property=${property}`),
    "--",
    // systemd replaces variables in a command line (systemd.service(5)).
    ...[
      "/bin/sh",
      "-c",
      unitScript,
      "berth-engine-unit",
      place.stateDirectory,
      unitCgroup(place.name),
      ...command,
    ].map((word) => word.replaceAll("$", "$$$$")),
  ];
}

/** An EnvironmentFile= of systemd.exec(5). */
export function renderEnvironment(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}="${value.replace(/["\\$`]/g, "\\$&")}"\n`)
    .join("");
}

/** Whether systemd has the unit. */
export const hasUnit = (name: string) => existsSync(join("/run/systemd/transient", engineUnit(name)));

/** Ends the unit, if systemd still has it, and waits until it is gone. Throws `tool-failed`. */
export async function endUnit(name: string): Promise<void> {
  if (!hasUnit(name)) return;
  const { status, stderr } = await tryRun("systemctl", ["stop", engineUnit(name)]);
  // It may have ended by itself meanwhile.
  if (status !== 0 && hasUnit(name))
    throw new BerthError("tool-failed", `systemctl cannot stop ${engineUnit(name)}: ${stderr.trimEnd()}`, {
      hint: `See systemctl status ${engineUnit(name)}.`,
    });
}

import { BerthError } from "../errors.ts";

/** Which engine's configuration `install` and `uninstall` work on. */
export const engineOptions = {
  engineConfig: { value: "FILE", description: "the engine's daemon.json (/etc/docker/daemon.json)", completes: "file" },
  enginePid: { value: "PID", description: "dockerd's process (from its pid file)", parse: parsePid },
} as const;

function parsePid(text: string): number {
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid < 2) throw new BerthError("usage", `"${text}" is not a process`);
  return pid;
}

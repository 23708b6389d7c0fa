import { isBind, type OciConfig } from "./config.ts";

/**
 * Where engines mount an init of their own, before whose `--` they put it into the container's command:
 * Docker (moby, daemon/oci_linux.go; /dev/init until 17.x), Podman (podman-run(1), --init), nerdctl (run
 * --init).
 */
const places: readonly string[] = ["/sbin/docker-init", "/run/podman-init", "/dev/init", "/sbin/tini"];

/**
 * A container without the init that its engine puts first (`docker run --init`, `"init": true` in
 * daemon.json): a system's init must be PID 1 itself. Undefined where the engine put none: a program of the
 * image at the same path is the image's own, since only the engine and the user bind files.
 */
export function withoutEngineInit(config: OciConfig): OciConfig | undefined {
  const { mounts = [], process } = config;
  const [program = "", separator, ...args] = process.args;
  if (separator !== "--" || !places.includes(program)) return undefined;
  const last = mounts.findLast(({ destination }) => destination === program);
  if (last === undefined || !isBind(last) || last.options?.includes("ro") !== true) return undefined;
  return { ...config, process: { ...process, args }, mounts: mounts.filter((mount) => mount !== last) };
}

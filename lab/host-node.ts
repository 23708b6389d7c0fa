import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { run, tryRun } from "#host/process/run.ts";
import type { LabNode } from "./lab.ts";
import { waitFor } from "./wait-for.ts";

/** A node that is this host itself, with the engine that its service manager runs. */
export interface HostNode extends LabNode {
  /** Kills the engine and all that it runs, as a power failure would, and returns when it is gone. */
  crash(): Promise<void>;
  /** Starts the engine again, and returns when it answers. */
  revive(): Promise<void>;
}

const socket = "unix:///var/run/docker.sock";
const units = ["docker.socket", "docker.service", "containerd.service"] as const;
/** Where an image is kept that tests get under the name they ask for. */
const kept = "berth-lab";

/** The host's own engine. `pid` is dockerd's, also after it was started again. */
export function hostNode(name: string): HostNode {
  const tryDocker = (...args: readonly string[]) => tryRun("/usr/bin/docker", ["--host", socket, ...args]);
  return {
    name,
    address: undefined,
    get pid() {
      return Number(readFileSync("/run/docker.pid", "utf8"));
    },
    socket,
    configFile: "/etc/docker/daemon.json",
    run: (command, ...args) => run(command, args),
    docker: (...args) => run("/usr/bin/docker", ["--host", socket, ...args]),
    crash: async () => {
      // The services would start again by themselves.
      await run("systemctl", ["mask", "--runtime", ...units]);
      await run("systemctl", ["kill", "--signal=KILL", "docker.service", "containerd.service"]);
      await run("systemctl", ["kill", "--signal=KILL", "docker-*.scope"]);
      await run("systemctl", ["stop", ...units]);
      await run("systemctl", ["unmask", "--runtime", ...units]);
    },
    revive: async () => {
      await run("systemctl", ["reset-failed", ...units]);
      await run("systemctl", ["start", ...units]);
      await waitFor("the engine answers", async () => (await tryDocker("version")).status === 0);
    },
  };
}

/** Gives the engine a root tarball as an image that runs /sbin/init. It is imported once and stays. */
export async function giveImage(node: Pick<LabNode, "docker">, name: string, tarball: string): Promise<void> {
  const image = `${kept}/${basename(tarball, ".tar")}`;
  const { stdout } = await node.docker("images", "--quiet", image);
  if (stdout.trim() === "") await node.docker("import", "--change", 'CMD ["/sbin/init"]', tarball, image);
  await node.docker("tag", image, name);
}

/** Removes all containers, networks, volumes and images, but for those that stay. */
export async function emptyEngine(node: Pick<LabNode, "docker">): Promise<void> {
  const list = async (...args: readonly string[]) =>
    (await node.docker(...args)).stdout.split("\n").filter((line) => line !== "");
  const containers = await list("ps", "--all", "--quiet");
  if (containers.length > 0) await node.docker("rm", "--force", "--volumes", ...containers);
  const networks = await list("network", "ls", "--quiet", "--filter", "type=custom");
  if (networks.length > 0) await node.docker("network", "rm", ...networks);
  await node.docker("volume", "prune", "--force", "--all");
  const images = await list("images", "--format", "{{.Repository}}:{{.Tag}}");
  const others = images.filter((image) => !image.startsWith(`${kept}/`) && !image.includes("<none>"));
  if (others.length > 0) await node.docker("rmi", ...others);
  await node.docker("image", "prune", "--force");
}

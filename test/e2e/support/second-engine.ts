import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run, tryRun } from "#host/process/run.ts";
import { waitFor } from "#lab/wait-for.ts";
import { systemPath } from "#linux/search-path.ts";
import { dist } from "./berth.ts";
import { cgroupOf } from "./isolated.ts";
import type { Node } from "./nodes.ts";

/**
 * A further dockerd in a node's namespaces, which can end without them: its machines have no network, unless
 * wished. Gone with the node.
 */
export interface SecondEngine {
  /** The node by which machines of this engine are run and looked at. */
  readonly node: Node;
  /** Kills dockerd, and its containerd with it; shims and machines are left to themselves. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface SecondEngineWish {
  readonly config: object;
  readonly image: string;
  readonly tarball: string;
  /** Leaves it the network, for a node whose first engine has neither bridge nor rules. */
  readonly network?: boolean;
}

/** Starts one with berth-runtime registered and an image from a root tarball. */
export async function startSecondEngine(
  node: Node,
  name: string,
  { config, image, tarball, network = false }: SecondEngineWish,
): Promise<SecondEngine> {
  const state = dirname(node.socket.slice("unix://".length));
  const data = dirname(node.configFile);
  const socket = `unix://${join(state, `${name}.sock`)}`;
  const configFile = join(data, `${name}.json`);
  await writeFile(
    configFile,
    JSON.stringify({ runtimes: { berth: { path: join(dist, "berth-runtime") } }, ...config }),
  );
  const flags = [
    `--data-root=${join(data, name)}`,
    `--exec-root=/run/${name}`,
    `--pidfile=/run/${name}.pid`,
    `--host=${socket}`,
    `--config-file=${configFile}`,
    `--cgroup-parent=${cgroupOf(node)}`,
    "--exec-opt=native.cgroupdriver=cgroupfs",
    ...(network ? [] : ["--bridge=none", "--iptables=false", "--ip-forward=false"]),
  ];
  const docker: Node["docker"] = (...args) => run("/usr/bin/docker", ["--host", socket, ...args]);
  const tryDocker: Node["docker"] = (...args) => tryRun("/usr/bin/docker", ["--host", socket, ...args]);
  const start = async () => {
    const enter = [`--target=${node.pid}`, "--mount", "--net", "--uts", "--pid", "--", "dockerd", ...flags];
    const child = spawn("nsenter", enter, {
      stdio: "ignore",
      detached: true,
      env: { PATH: systemPath, HOME: "/root" } as NodeJS.ProcessEnv,
    });
    await once(child, "spawn");
    child.unref();
    await waitFor(`the engine ${name} answers`, async () => (await tryDocker("version")).status === 0);
  };
  const kill = async () => {
    const pid = (await node.run("cat", `/run/${name}.pid`)).stdout.trim();
    const containerd = (await node.run("cat", `/run/${name}/containerd/containerd.pid`)).stdout.trim();
    await node.run("kill", "-KILL", pid);
    await waitFor(
      `the engine ${name} has ended`,
      async () =>
        (
          await node.run(
            "sh",
            "-c",
            `kill -0 ${pid} 2>/dev/null || kill -0 ${containerd} 2>/dev/null; echo $?`,
          )
        ).stdout === "1\n",
    );
  };
  await start();
  await docker("import", "--change", 'CMD ["/sbin/init"]', tarball, image);
  return { node: { ...node, socket, configFile, docker, tryDocker }, kill, start };
}

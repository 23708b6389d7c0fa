import { readFile, writeFile } from "node:fs/promises";
import { waitFor } from "#lab/wait-for.ts";
import type { Node } from "./nodes.ts";

/** Restarts the VM's own engine with more settings in its daemon.json. Returns what undoes it. */
export async function withSettings(node: Node, settings: object): Promise<() => Promise<void>> {
  const before = await readFile(node.configFile, "utf8");
  const start = async (text: string) => {
    await writeFile(node.configFile, text);
    await node.run("systemctl", "restart", "docker.service");
    await waitFor("the engine answers", async () => (await node.tryDocker("version")).status === 0, 90_000);
  };
  await start(JSON.stringify({ ...(JSON.parse(before) as object), ...settings }));
  return () => start(before);
}

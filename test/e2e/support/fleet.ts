import { type afterAll, afterEach } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Node } from "./nodes.ts";

/** Directories with a berth.yaml, gone after each test, or `afterAll`. */
export function useFleets(end: typeof afterEach | typeof afterAll = afterEach): (text: string) => string {
  const directories: string[] = [];
  end(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });
  return (text) => {
    const directory = mkdtempSync(join(tmpdir(), "berth-fleet-"));
    directories.push(directory);
    writeFileSync(join(directory, "berth.yaml"), text);
    return directory;
  };
}

/** A machine of `berth up --json`. */
export interface UpResult {
  readonly name: string;
  readonly action: string;
  readonly state: string;
  readonly address?: string;
  readonly bootMs?: number;
  readonly failedUnits: readonly { readonly unit: string; readonly lines: readonly string[] }[];
  readonly differences: readonly { readonly key: string }[];
  readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown };
}

/** The list that a command printed with --json. */
export function parseList<T = UpResult>(stdout: string): readonly T[] {
  const value: unknown = JSON.parse(stdout);
  if (!Array.isArray(value)) throw new Error(`not a list: ${stdout}`);
  return value as readonly T[];
}

/** The code of the error that a command printed with --json. */
export function errorCode(stdout: string): string {
  return (JSON.parse(stdout) as { readonly error: { readonly code: string } }).error.code;
}

/** Names of a node's containers with their state and id. */
export async function containers(
  node: Node,
): Promise<ReadonlyMap<string, { readonly state: string; readonly id: string }>> {
  const { stdout } = await node.docker(
    "ps",
    "--all",
    "--no-trunc",
    "--format",
    "{{.Names}} {{.State}} {{.ID}}",
  );
  const lines = stdout.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => line.split(" ")).map(([name = "", state = "", id = ""]) => [name, { state, id }]),
  );
}

/** The user-made networks of a node. */
export async function networks(node: Node): Promise<readonly string[]> {
  const { stdout } = await node.docker("network", "ls", "--filter", "type=custom", "--format", "{{.Name}}");
  return stdout.split("\n").filter((name) => name !== "");
}

/** The address of each machine on the default network. */
export async function addresses(node: Node): Promise<readonly string[]> {
  const { stdout } = await node.berth("ls --json");
  return parseList<{ readonly address?: string }>(stdout).flatMap(({ address }) =>
    address === undefined ? [] : [address],
  );
}

/** Removes whatever tests made: containers, networks, volumes. */
export async function clean(node: Node): Promise<void> {
  const all = [...(await containers(node)).keys()];
  if (all.length > 0) await node.docker("rm", "--force", "--volumes", ...all);
  for (const name of await networks(node)) await node.docker("network", "rm", name);
  await node.docker("volume", "prune", "--force");
}

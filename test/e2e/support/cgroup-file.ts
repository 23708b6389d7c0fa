import { stateOf } from "./machine.ts";
import type { Node } from "./nodes.ts";

/** A file of the cgroup that a machine was given, read on its host. */
export async function cgroupFile(
  engine: Node,
  name: string,
  controller: string,
  file: { readonly v1: string; readonly v2: string },
): Promise<string> {
  const { pid } = await stateOf(engine, name);
  const lines = (await engine.run("cat", `/proc/${pid}/cgroup`)).stdout
    .trim()
    .split("\n")
    .map((line) => line.split(":"));
  // Its init may be in a cgroup of its own below that.
  const given = (path: string | undefined) => path?.replace(/(?<=[0-9a-f]{64}(\.scope)?)\/.*$/, "");
  const v1 = given(lines.find(([, controllers]) => controllers?.split(",").includes(controller))?.[2]);
  const v2 = given(lines.find(([, controllers]) => controllers === "")?.[2]);
  const isV2 =
    (await engine.run("stat", "--file-system", "--format=%T", "/sys/fs/cgroup")).stdout.trim() ===
    "cgroup2fs";
  return (
    await engine.run(
      "cat",
      isV2 ? `/sys/fs/cgroup${v2}/${file.v2}` : `/sys/fs/cgroup/${controller}${v1}/${file.v1}`,
    )
  ).stdout;
}

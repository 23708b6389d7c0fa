import { run } from "#host/process/run.ts";

export const isRoot = process.getuid?.() === 0;

/**
 * Runs a program of TypeScript in a mount namespace of its own, in which /run and the security modules' file
 * system are empty, after a shell script that mounts what it needs: the value that the program's default
 * export gives, by way of JSON. All mounts end with it. Without root it has a user namespace besides, in which
 * few file systems can be mounted and none is mapped.
 */
export async function inMounts<T>(program: string, before = ":"): Promise<T> {
  const namespace = [...(isRoot ? [] : ["--user", "--map-root-user"]), "--mount", "--propagation", "private"];
  // The kernel has one list of AppArmor's profiles for all namespaces: a program must not change it.
  const modules = "/sys/kernel/security";
  const script = `mount -t tmpfs tmpfs /run && { [ ! -d ${modules} ] || mount -t tmpfs tmpfs ${modules}; } &&
    { ${before}\n} && exec "$@"`;
  const source = `const value = await (async () => { ${program} })(); console.log(JSON.stringify(value ?? null));`;
  const { stdout } = await run("unshare", [
    ...namespace,
    "sh",
    "-ec",
    script,
    "sh",
    process.execPath,
    "-e",
    source,
  ]);
  return JSON.parse(stdout) as T;
}

/**
 * A statement for such a program, as root: mounts at a path a FUSE like user 4242's by fusermount3 -o
 * allow_other, which no server ever answers.
 */
export function hungFuse(path: string, type: "directory" | "file" = "directory"): string {
  const [syscalls, noSuidNoDev] = [import.meta.resolve("#host/syscall/syscalls.ts"), 2 | 4];
  const options = `rootmode=${type === "directory" ? 40_000 : 100_000},user_id=4242,group_id=4242,allow_other`;
  return `(await import(${JSON.stringify(syscalls)})).mount("x", ${JSON.stringify(path)}, "fuse.x", ${noSuidNoDev},
    ${JSON.stringify(options)} + ",fd=" + (await import("node:fs")).openSync("/dev/fuse", "r+"));`;
}

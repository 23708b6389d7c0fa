import { dlopen } from "bun:ffi";

/**
 * Whether a file, or a link's target, has an access control list (acl(5)) beyond its permission bits: then
 * the group's bits are the most that the list grants to anyone. False on file systems without such lists.
 */
export function hasAccessList(path: string): boolean {
  library ??= load();
  return (
    library.symbols.getxattr(Buffer.from(`${path}\0`), Buffer.from("system.posix_acl_access\0"), null, 0) > 0n
  );
}

let library: ReturnType<typeof load> | undefined;
/**
 * Not before it is needed, and no other call with it (see libc.ts): that takes a command's start some
 * milliseconds.
 */
const load = () => dlopen("libc.so.6", { getxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64" } });

import { hasErrno } from "#host/syscall/errno.ts";

/**
 * What a file system answers that maps no ids, and overlayfs of one that it cannot use (mount_setattr(2),
 * mount(2)).
 */
const unmappable = ["EINVAL", "EPERM", "EOPNOTSUPP", "ENOSYS"];

/** Whether a call failed since a file system maps no ids. */
export function mapsNoIds(error: unknown): error is NodeJS.ErrnoException {
  return hasErrno(error, unmappable);
}

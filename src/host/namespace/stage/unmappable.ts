import { hasErrno } from "#host/syscall/errno.ts";

/**
 * Errors of a file system that cannot map ids, and of overlayfs on top of one (mount_setattr(2), mount(2)).
 */
const unmappable = ["EINVAL", "EPERM", "EOPNOTSUPP", "ENOSYS"];

/** Whether a call failed since a file system maps no ids. */
export function mapsNoIds(error: unknown): error is NodeJS.ErrnoException {
  return hasErrno(error, unmappable);
}

import { labImage } from "#lab/lab-image.ts";

const packages = ["systemd", "systemd-sysv", "dbus", "sudo", "bubblewrap", "cron"];

/** The tarball of a root with programs that AppArmor confines, or that confine others. */
export const confinedRoot = () => labImage("bookworm", packages);

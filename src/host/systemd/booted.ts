import { existsSync } from "node:fs";

/** Whether systemd is what runs this host (sd_booted(3)). */
export const isSystemdBooted = () => existsSync("/run/systemd/system");

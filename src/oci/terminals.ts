import type { OciMount } from "./config.ts";

/**
 * Terminals are one budget of the whole host, 3,072 of them for containers (kernel.pty.max less
 * kernel.pty.reserve): without a bound any user in a machine could take them all, and no other machine could
 * start or be entered.
 */
const mostTerminals = 512;

/** A mount of the engine's; a devpts that has no bound gets one (the kernel's filesystems/devpts.rst). */
export function boundTerminals(mount: OciMount): OciMount {
  const { type, options = [] } = mount;
  if (type !== "devpts" || options.some((option) => option.startsWith("max="))) return mount;
  return { ...mount, options: [...options, `max=${mostTerminals}`] };
}

import type { OciMount } from "./config.ts";

/**
 * All containers of a host share 3,072 terminals (kernel.pty.max less kernel.pty.reserve). Without a limit,
 * any user in a machine could use them up and block other machines.
 */
const mostTerminals = 512;

/** Limits an engine's devpts mount without a limit of its own (the kernel's filesystems/devpts.rst). */
export function boundTerminals(mount: OciMount): OciMount {
  const { type, options = [] } = mount;
  if (type !== "devpts" || options.some((option) => option.startsWith("max="))) return mount;
  return { ...mount, options: [...options, `max=${mostTerminals}`] };
}

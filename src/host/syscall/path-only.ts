/**
 * O_PATH, open(2), which node:fs has no name for: tells what and where something is, and neither reads it nor
 * waits for it.
 */
export const pathOnly = 0x200000;

/**
 * O_PATH, open(2), missing in node:fs: refers to a file and shows its type, without reading it or waiting for
 * it.
 */
export const pathOnly = 0x200000;

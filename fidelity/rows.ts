import type { Row } from "./row.ts";
import { confinement } from "./rows/confinement.ts";
import { kernel } from "./rows/kernel.ts";
import { limits } from "./rows/limits.ts";
import { manager } from "./rows/manager.ts";
import { packages } from "./rows/packages.ts";

/** All rows, in the order in which they are run and shown. */
export const rows: readonly Row[] = [...manager, ...confinement, ...limits, ...kernel, ...packages];

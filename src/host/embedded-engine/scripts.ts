import { fillTemplate } from "#linux/shell-template.ts";
import init from "./init.sh" with { type: "text" };
import { shadowedDirectories } from "./shadowed.ts";
import unit from "./unit.sh" with { type: "text" };
import uplink from "./uplink.sh" with { type: "text" };

/*
 * The fixed programs that make an engine's namespaces. Values arrive as positional parameters only, so
 * nothing a user wrote is ever read as shell text.
 */

/** Runs as the PID namespace's init, and becomes the engine. */
export const initScript = fillTemplate(init, { SHADOWED_DIRECTORIES: shadowedDirectories.join(" ") });

/** Joins the engine to the world. */
export const uplinkScript = uplink;

/** Is the main process of the engine's unit. */
export const unitScript = unit;

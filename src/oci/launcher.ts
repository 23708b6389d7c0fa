import { type Inits, initEndings, inits } from "#contract/init.ts";
import { BerthError } from "#errors.ts";
import { fillTemplate } from "#linux/shell-template.ts";
import { hostFile, mirrorDirectory, settleWords, stateFile, stateRoot } from "./machine-state.ts";

/** The launcher's source: shell scripts that can be read and checked as they are. */
export interface LauncherSource {
  readonly template: string;
  /** The text of each part, by the name that `template` includes it by. */
  readonly parts: Readonly<Record<string, string>>;
}

/**
 * berth-runtime, the launcher, as one shell script: its parts are put in where `template` has
 * `. "${0%/*}/launcher/NAME.sh"`, and what it shares with berth where either has a mark. Throws `internal`
 * where template and parts, or marks and values, do not match.
 */
export function renderLauncher({ template, parts }: LauncherSource, table: Inits = inits): string {
  return fillTemplate(includeParts(template, parts), {
    STATE_ROOT: stateRoot,
    MIRROR_DIRECTORY: mirrorDirectory,
    STATE_FILES: Object.values(stateFile).join(" "),
    HOST_FILES: Object.values(hostFile).join(" "),
    INIT_NEEDLES: initNeedles(table).join("\n"),
    ...Object.fromEntries(settleWords.map((word, at) => [word.toUpperCase(), `\${${at + 1}}`])),
  });
}

/** The launcher with another real runtime, by its path or its name. */
export function withRealRuntime(launcher: string, realRuntime: string): string {
  return launcher.replace(/^real=.*$/m, `real=${realRuntime}`);
}

/** What a config.json holds as a string's end, or as a whole one, whose container may be a machine. */
function initNeedles(table: Inits): readonly string[] {
  const needles = initEndings(table).flatMap((ending) =>
    ending.startsWith("/") ? [`${ending}"`, `"${ending.slice(1)}"`] : [`${ending}"`],
  );
  const odd = needles.find((needle) => !/^[\w/"-]+$/.test(needle));
  if (odd !== undefined) throw new BerthError("internal", `invalid pattern ${odd} for the shell`);
  return needles;
}

/** The comments above an inclusion, which are the checker's, go with it; so do those at a part's top. */
const inclusion = /^(?:# shellcheck .*\n)*\. "\$\{0%\/\*\}\/launcher\/([a-z-]+)\.sh"\n/gm;

function includeParts(template: string, parts: Readonly<Record<string, string>>): string {
  const left = new Set(Object.keys(parts));
  const whole = template.replace(inclusion, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new BerthError("internal", `unknown part ${name} of the launcher`);
    left.delete(name);
    return part.replace(/^(# shellcheck .*\n)+\n*/, "");
  });
  if (left.size > 0) {
    throw new BerthError("internal", `unused parts of the launcher: ${[...left].join(", ")}`);
  }
  return whole;
}

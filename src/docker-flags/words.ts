import { renderFault } from "#machinefile/problem.ts";
import { suggest } from "#suggest.ts";
import type { Flag } from "./flag.ts";
import { flagNamed, flagOfLetter, givableNames } from "./table.ts";

/** One flag as it was given. */
export interface Occurrence {
  readonly flag: Flag;
  /** As it is written: `--memory` or `-m`. */
  readonly as: string;
  /** Undefined for a required value that is missing. */
  readonly value: string | undefined;
}

/**
 * Parses words as docker does: `--name=value`, `--name value`, `-n value`, `-nvalue`, `-n=value`, and letters
 * of switches together (`-it`). `problems` has one sentence for each word that is not a flag of docker's.
 */
export function parseWords(words: readonly string[]): {
  readonly occurrences: readonly Occurrence[];
  readonly problems: readonly string[];
} {
  const occurrences: Occurrence[] = [];
  const problems: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const found = /^--./.test(word)
      ? parseLong(word)
      : /^-[^-]/.test(word)
        ? parseLetters(word)
        : `invalid flag "${word}" (example: --tty or -t)`;
    if (typeof found === "string") {
      problems.push(found);
      // An unknown flag may take a value: do not report its next word as a second problem.
      while (word.startsWith("-") && rest[0] !== undefined && !rest[0].startsWith("-")) rest.shift();
      continue;
    }
    const last = found.at(-1);
    if (last !== undefined && last.value === undefined)
      found[found.length - 1] = { ...last, value: rest.shift() };
    occurrences.push(...found);
  }
  return { occurrences, problems };
}

function parseLong(word: string): Occurrence[] | string {
  const [as, value] = cut(word);
  const flag = flagNamed(as.slice(2));
  if (flag !== undefined) return [{ flag, as, value: value ?? (flag.isSwitch ? "true" : undefined) }];
  const near = suggest(as.slice(2), givableNames());
  return renderFault({ message: `${as}: unknown flag of docker run`, suggestion: near && `--${near}` });
}

function parseLetters(word: string): Occurrence[] | string {
  const found: Occurrence[] = [];
  for (let rest = word.slice(1); rest !== ""; ) {
    const letter = rest.slice(0, 1);
    const flag = flagOfLetter(letter);
    const as = `-${letter}`;
    if (flag === undefined) return `${as}: unknown flag of docker run`;
    rest = rest.slice(1);
    if (rest.startsWith("=") || (!flag.isSwitch && rest !== "")) {
      found.push({ flag, as, value: rest.replace(/^=/, "") });
      break;
    }
    found.push({ flag, as, value: flag.isSwitch ? "true" : undefined });
  }
  return found;
}

function cut(word: string): readonly [string, string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

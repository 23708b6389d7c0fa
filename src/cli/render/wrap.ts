import { textWidth } from "./text.ts";

export interface Wrapping {
  /** Cells of the terminal; without it nothing is broken. */
  readonly width: number | undefined;
  /** Cells of what stands before the text on its first line. */
  readonly first?: number;
  /** What each further line of the text begins with. */
  readonly indent: string;
}

/** Less room than this is left to the terminal to break. */
const leastRoom = 20;

/**
 * Text for a terminal, its lines broken between words. What is in backquotes, mostly a command, is broken
 * only where it is longer than a line, and a longer word never: so both can be copied. Words stay one space
 * apart.
 */
export function wrapText(text: string, { width, first = 0, indent }: Wrapping): string {
  if (width === undefined || width - indent.length < leastRoom) return text.replaceAll("\n", `\n${indent}`);
  const [head = "", ...rest] = text.split("\n");
  // Where the text has lines of its own, those that berth breaks are seen by two cells more.
  const deeper = rest.length > 0 ? `${indent}  ` : indent;
  return [
    wrapLine(head, width, first, deeper),
    ...rest.map((line) => `${indent}${wrapLine(line, width, indent.length, deeper)}`),
  ].join("\n");
}

function wrapLine(line: string, width: number, first: number, indent: string): string {
  if (first + textWidth(line) <= width) return line;
  let wrapped = /^\s*/.exec(line)?.[0] ?? "";
  let used = first + wrapped.length;
  for (const [at, word] of wordsOf(line, width - indent.length).entries()) {
    const space = at === 0 ? "" : " ";
    if (at > 0 && used + space.length + textWidth(word) > width) {
      wrapped += `\n${indent}`;
      used = indent.length;
    } else {
      wrapped += space;
      used += space.length;
    }
    wrapped += word;
    used += textWidth(word);
  }
  return wrapped;
}

function wordsOf(line: string, room: number): readonly string[] {
  return (line.match(/(?:[^\s`]|`[^`]*`|`)+/g) ?? []).flatMap((word) =>
    textWidth(word) <= room ? [word] : word.split(/\s+/),
  );
}

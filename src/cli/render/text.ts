import { stripVTControlCharacters } from "node:util";

/** Text from a machine or a file, made harmless for a terminal and fit for one line: no escape sequences, no control characters. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}

/** Cells a text takes on a terminal: wide characters and emoji count two, combining ones nothing (Unicode TR 11, roughly). */
export function textWidth(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter().segment(text)) width += clusterWidth(segment);
  return width;
}

/** At most `width` cells, the last of them an ellipsis when something was cut off. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return "";
  let taken = "";
  let used = 0;
  for (const { segment } of segmenter().segment(text)) {
    used += clusterWidth(segment);
    if (used > width - 1) break;
    taken += segment;
  }
  return `${taken}…`;
}

/** Filled up with spaces to `width` cells. */
export function pad(text: string, width: number, side: "left" | "right" = "right"): string {
  const fill = " ".repeat(Math.max(0, width - textWidth(text)));
  return side === "right" ? text + fill : fill + text;
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

let shared: Intl.Segmenter | undefined;

function segmenter(): Intl.Segmenter {
  shared ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return shared;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

function clusterWidth(cluster: string): number {
  if (/^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u.test(cluster)) return 0;
  return wide.test(cluster) ? 2 : 1;
}

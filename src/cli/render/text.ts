/**
 * Control sequences, control strings such as titles, which only their terminator ends, and other escapes
 * (ECMA-48, ECMA-35). Each part ends where the next one can begin alone, so that an incomplete
 * sequence is scanned once only; node:util's pattern scans it again and again.
 */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\0-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/**
 * What is not seen and changes what is: bidirectional controls, and what takes no room (Unicode TR 36).
 * Variation selectors belong to the character before them, joiners between letters to scripts and emoji that
 * need them.
 */
const unseen = new RegExp(
  [
    /(?!\u200c|\u200d|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}])\p{Default_Ignorable_Code_Point}/u,
    /(?<![^\0-\x7f])(?:\u200c|\u200d)/u,
    /(?:\u200c|\u200d)(?![^\0-\x7f])/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "gu",
);

/**
 * Text from a machine or a file, made harmless for a terminal and fit for one line: no escape sequences,
 * nothing that is not seen.
 */
export function plainText(text: string): string {
  return text.replace(sequences, "").replace(controls, " ").replace(unseen, "\ufffd");
}

/** The same of a text of several lines. */
export function plainLines(text: string): string {
  return text.split("\n").map(plainText).join("\n");
}

/** A line of a log for a terminal: plain, but for tabs and colours (ECMA-48 SGR), which end with the line. */
export function colouredLine(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with one.
  const parts = line.replace(/(?<!\r)\r+$/, "").split(/(\t|\x1b\[[\d;:]*m)/);
  const text = parts.map((part, at) => (at % 2 === 1 ? part : plainText(part))).join("");
  return parts.some((part) => part.endsWith("m") && part.startsWith("\x1b")) ? `${text}\x1b[m` : text;
}

/**
 * Cells a text takes on a terminal: wide characters and emoji count two, combining ones nothing (Unicode TR
 * 11, roughly).
 */
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

const wide = new RegExp(
  [
    /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff]/u,
    /[\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u,
    /\p{Emoji_Presentation}|\ufe0f/u,
  ]
    .map(({ source }) => source)
    .join("|"),
  "u",
);

function clusterWidth(cluster: string): number {
  if (/^[\p{Mark}\p{Default_Ignorable_Code_Point}]+$/u.test(cluster)) return 0;
  return wide.test(cluster) ? 2 : 1;
}

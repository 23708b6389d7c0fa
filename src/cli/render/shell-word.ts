import { plainText } from "./text.ts";

/** A word in single quotes of POSIX shells. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A word for any POSIX shell, quoted where it must be. */
export function posixWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

/**
 * A word for bash, zsh or ksh that a terminal shows as it is: what is not seen, or would do something to the
 * terminal, by its bytes, as dollar-single-quotes have them (POSIX.1-2024, Shell Command Language, 2.2.4; not
 * dash).
 */
export function shownWord(text: string): string {
  if (plainText(text) === text) return posixWord(text);
  const shown = [...text].map((sign) =>
    plainText(sign) === sign && !/['\\]/.test(sign) ? sign : escapedBytes(sign),
  );
  return `$'${shown.join("")}'`;
}

const escapedBytes = (sign: string) =>
  [...Buffer.from(sign)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

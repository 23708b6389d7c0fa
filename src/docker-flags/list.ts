import { BerthError, hasCode } from "#errors.ts";
import { invalid } from "#machinefile/value/invalid.ts";
import { usageError } from "#usage.ts";
import { parseWords } from "./words.ts";

/**
 * The entries of a label's comma list: `a=1,"b=x,y",c='d,e'`. Between quotes, which may stand anywhere in an
 * entry, a comma is a plain character; in double ones a backslash takes the meaning from the sign after it.
 * Spaces around an entry are dropped unless quoted. Blank text is an empty list. Throws `usage` for a quote
 * that is not closed, or a backslash before a letter or digit in double quotes.
 */
export function splitList(text: string): readonly string[] {
  if (text.trim() === "") return [];
  const entries: string[] = [];
  const piece = /"((?:[^"\\]|\\.)*)"|'([^']*)'|([^"',]+)|(,)|(.)/gs;
  let entry = "";
  // End of the quoted part: keep spaces before it.
  let kept = 0;
  const close = () => {
    entries.push(entry.slice(0, kept) + entry.slice(kept).trimEnd());
    entry = "";
    kept = 0;
  };
  for (const [, double, single, plain, comma, stray] of text.matchAll(piece)) {
    if (stray !== undefined) throw invalid("list", text, `closing quote ${stray} missing`);
    if (comma !== undefined) close();
    else if (plain !== undefined) entry += entry === "" && kept === 0 ? plain.trimStart() : plain;
    else {
      entry += double === undefined ? single : unquote(double, text);
      kept = entry.length;
    }
  }
  close();
  return entries;
}

function unquote(quoted: string, whole: string): string {
  return quoted.replace(/\\(.)/gs, (_, sign: string) => {
    if (/[\p{L}\p{N}]/u.test(sign))
      throw invalid("list", whole, `unknown escape "\\${sign}"; write a backslash as "\\\\"`);
    return sign;
  });
}

/**
 * The words of docker's flags in a comma list of them without dashes: `privileged=true,tty,label="a=b,c"`;
 * with dashes is fine too. Each entry stays one word, so that none can become another flag's value or two
 * flags. Throws `usage` for an empty entry, and for one that lacks its value.
 */
export function flagsFromArgs(text: string): readonly string[] {
  const problems: string[] = [];
  const words = splitList(text).map((entry) => {
    try {
      return wordOf(entry);
    } catch (error) {
      if (!hasCode(error, "usage")) throw error;
      problems.push(error.message);
      return "";
    }
  });
  if (problems.length > 0) throw new BerthError("usage", problems.join("\n"), { details: problems });
  return words;
}

function wordOf(entry: string): string {
  if (entry.trim() === "") throw usageError("empty list entry (remove the extra comma)");
  const name = entry.split("=", 1)[0] ?? "";
  const spaced = /^(\S+)\s+(.*)$/s.exec(name);
  if (spaced !== null)
    throw invalid(
      "flag",
      entry,
      `example: ${spaced[1]}=${entry.slice(entry.length - (spaced[2]?.length ?? 0))}`,
    );
  const word = entry.startsWith("-") ? entry : name.length === 1 ? `-${entry}` : `--${entry}`;
  const incomplete = parseWords([word]).occurrences.find(({ value }) => value === undefined);
  if (incomplete !== undefined) throw usageError(`${incomplete.as}: missing value (example: ${name}=VALUE)`);
  return word;
}

import { BerthError } from "#errors.ts";

/**
 * Fills in the marks of a shell script, which stays readable and checkable with them: `@NAME@` in a line, and
 * a whole line `# @NAME@`. Inserts values unchanged; a value for a line must end with a newline. Throws
 * `internal` for a mark without a value, and for a value without a mark.
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  const unused = new Set(Object.keys(values));
  const filled = template.replace(
    /^[ \t]*# @([A-Z_]+)@\n|@([A-Z_]+)@/gm,
    (mark, line: string | undefined, word: string | undefined) => {
      const name = line ?? word ?? "";
      const value = values[name];
      if (value === undefined) throw new BerthError("internal", `missing value for the mark ${mark.trim()}`);
      unused.delete(name);
      return value;
    },
  );
  const [name] = unused;
  if (name !== undefined) throw new BerthError("internal", `unused value ${name} (missing mark: @${name}@)`);
  return filled;
}

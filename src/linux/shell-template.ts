import { BerthError } from "#errors.ts";

/**
 * Fills in a shell script's marks, by which it can be read and checked as it stands: `@NAME@` within a line,
 * and a line `# @NAME@`, which is replaced whole. Values are put in as they are; a value for a line brings its
 * own end. Throws `internal` for a mark without a value, and for a value without a mark.
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

import { invalid } from "#machinefile/value/invalid.ts";

/**
 * The fields of one line of CSV, as `--mount`, `--network` and `--gpus` have them: a field with a comma
 * stands in double quotes as a whole, a quote in it doubled (RFC 4180).
 */
export function parseCsv(text: string): readonly string[] {
  const fields: string[] = [];
  // Each iteration takes a field and the comma after it; the last has none.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|$)/y;
  for (;;) {
    const match = field.exec(text);
    if (match === null) {
      throw invalid(
        "list",
        text,
        'quote a whole field that has a comma; example: type=bind,"src=/a,b",dst=/c',
      );
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "") return fields;
  }
}

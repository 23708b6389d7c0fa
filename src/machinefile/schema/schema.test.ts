import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { deployReference } from "./deploy-schema.ts";
import { exampleMachineFile } from "./example.ts";
import { renderMachineFileReference } from "./reference.ts";
import { imageShape, machineFileJsonSchema, machineShape, networkShape, projectShape } from "./schema.ts";
import { notes } from "./schema-key.ts";

const page = readFileSync(new URL("../../../docs/machine-file.md", import.meta.url), "utf8");

test("docs/machine-file.md is what the schema says", () => {
  expect(page).toBe(renderMachineFileReference());
});

test.each(
  Object.entries({ ...projectShape, ...networkShape, ...imageShape, ...machineShape, ...deployReference }),
)("%s is documented, and takes its examples and its default", (key, schema) => {
  const note = notes.get(schema);
  expect(note?.description).toEndWith(".");
  expect(page).toContain(`| \`${key}\` | `);
  for (const value of [...(note?.examples ?? []), ...(note?.default === undefined ? [] : [note.default])]) {
    expect([value, schema.safeParse(value).error?.issues]).toEqual([value, undefined]);
  }
});

test("the JSON Schema accepts the example and refuses a slip", () => {
  const schema = machineFileJsonSchema();
  expect(schema).toMatchObject({ type: "object", required: ["machines"], additionalProperties: false });
  // Zod reads its own JSON Schema back; patternProperties and oneOf beside properties are for editors alone.
  const { patternProperties: _, ...plain } = schema;
  const reread = z.fromJSONSchema(
    JSON.parse(JSON.stringify(plain, (key, value) => (key === "oneOf" ? undefined : value))),
  );
  expect(reread.safeParse(parse(exampleMachineFile)).error?.issues).toBeUndefined();
  expect(reread.safeParse({ machines: { web: { memroy: "1g" } } }).success).toBe(false);
  expect(reread.safeParse({ machines: { web: { environment: { A: [] } } } }).success).toBe(false);
  expect(reread.safeParse({}).success).toBe(false);
});

test("editors see descriptions, defaults and examples", () => {
  const text = JSON.stringify(machineFileJsonSchema());
  for (const word of [
    "At least",
    '"default":"unless-stopped"',
    '"examples":["512M","1.5g"]',
    '"oneOf":[{"required":["base","os","release"]}',
  ]) {
    expect(text.toLowerCase()).toContain(word.toLowerCase());
  }
});

test.each([
  "machinefile/machine",
  "linux/capability",
  "machinefile/value/size",
  "machinefile/value/publish",
  "machinefile/value/volume",
  "machinefile/value/name",
  "machinefile/value/network",
  "machinefile/value/environment",
  "machinefile/value/duration",
  "machinefile/value/limit",
  "machinefile/read/resolve-paths",
])("%s imports neither zod nor yaml", (name) => {
  const source = new URL("../../", import.meta.url);
  const seen = new Set<string>();
  const packages = new Set<string>();
  const follow = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    for (const { path } of new Bun.Transpiler({ loader: "ts" }).scanImports(readFileSync(file, "utf8"))) {
      if (path.startsWith(".")) follow(new URL(path, file));
      else if (path.startsWith("#")) follow(new URL(path.slice(1), source));
      else packages.add(path);
    }
  };
  follow(new URL(`${name}.ts`, source));
  expect([...packages].filter((imported) => imported !== "ipaddr.js")).toEqual([]);
});

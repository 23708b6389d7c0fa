import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { deployKeys } from "#machinefile/keys/deploy.ts";
import { imageKeys } from "#machinefile/keys/image.ts";
import { machineKeys } from "#machinefile/keys/machine.ts";
import { networkKeys } from "#machinefile/keys/network.ts";
import { projectKeys } from "#machinefile/keys/project.ts";
import type { Problem } from "#machinefile/problem.ts";
import type { Key } from "#machinefile/type/value-type.ts";
import { exampleMachineFile } from "./example.ts";
import { renderMachineFileReference, withInner } from "./reference.ts";
import { machineFileJsonSchema } from "./schema.ts";

const page = readFileSync(new URL("../../../docs/machine-file.md", import.meta.url), "utf8");

test("docs/machine-file.md is what the keys say", () => {
  expect(page).toBe(renderMachineFileReference());
});

const sections = [projectKeys, networkKeys, imageKeys, machineKeys, withInner(deployKeys)];

test.each(sections.flatMap((keys): [string, Key<unknown>][] => Object.entries(keys)))(
  "%s is documented, and takes its examples and its default",
  (name, { type, description, examples = [], default: otherwise }) => {
    expect(description).toEndWith(".");
    expect(page).toContain(`| \`${name}\` | `);
    for (const value of [...examples, ...(otherwise === undefined ? [] : [otherwise])]) {
      const problems: Problem[] = [];
      type.read(value, [], problems);
      expect([value, problems]).toEqual([value, []]);
    }
  },
);

test("the JSON Schema is one, accepts the example and refuses a slip", () => {
  const schema = machineFileJsonSchema();
  expect(schema).toMatchObject({ type: "object", required: ["machines"], additionalProperties: false });
  const accepts = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(schema);
  expect([accepts(parse(exampleMachineFile)), accepts.errors]).toEqual([true, null]);
  expect(accepts({ "x-mine": 1, machines: { db: null } })).toBe(true);
  for (const slip of [
    { machines: { web: { memroy: "1g" } } },
    { machines: { web: { environment: { A: [] } } } },
    { machines: { web: { command: [] } } },
    { images: { a: { image: "i", tarball: "x" } }, machines: {} },
    { defaults: { address: "10.72.0.10" }, machines: {} },
    {},
  ]) {
    expect([slip, accepts(slip)]).toEqual([slip, false]);
  }
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

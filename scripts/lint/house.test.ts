import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { top } from "../test/run.ts";

const read = (file: string): string => readFileSync(join(top, file), "utf8");
const filesOf = (pattern: string): readonly string[] => [...new Bun.Glob(pattern).scanSync({ cwd: top })];
const sources = filesOf("src/**/*.ts");
const programs = sources.filter((file) => !file.endsWith(".test.ts") && !file.includes("/test/"));
const lengthOf = (file: string): number => read(file).trimEnd().split("\n").length;

test("the rooms that CONTRIBUTING.md shows are those of src", () => {
  const shown = [...read("CONTRIBUTING.md").matchAll(/^ {4}([a-z-]+)\/ /gm)].map(([, room]) => room);
  const rooms = readdirSync(join(top, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(shown.toSorted()).toEqual(rooms.toSorted());
});

test("what docs/architecture.md names is there", () => {
  const named = [...read("docs/architecture.md").matchAll(/`((?:src|libexec|lab|test)\/[\w./-]*\w)`/g)];
  expect(named.length).toBeGreaterThan(20);
  const places = new Set(
    [...filesOf("{src,libexec,lab,test}/**")].flatMap((file) => [file, ...parentsOf(file)]),
  );
  expect(named.map(([, place = ""]) => place).filter((place) => !places.has(place))).toEqual([]);
});

const parentsOf = (file: string): readonly string[] =>
  file.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));

test("no file has more than 300 lines, and half of them at most 60", () => {
  expect(programs.filter((file) => lengthOf(file) > 300)).toEqual([]);
  const lengths = programs.map(lengthOf).toSorted((one, other) => one - other);
  expect(lengths[lengths.length >> 1]).toBeLessThanOrEqual(60);
});

test("no line has more than 110 columns", () => {
  const long = programs.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line, index) => (line.length > 110 ? [`${file}:${index + 1}`] : [])),
  );
  expect(long).toEqual([]);
});

test("no file or folder is called after nothing", () => {
  expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/.test(file))).toEqual([]);
});

test("at most 12 npm packages are needed to run", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Readonly<
      Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }>
    >;
  };
  const needed = Object.entries(packages).filter(
    ([path, { dev, optional, devOptional }]) => path !== "" && !dev && !optional && !devOptional,
  );
  expect(needed.map(([path]) => path).length).toBeLessThanOrEqual(12);
});

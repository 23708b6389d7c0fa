import type { ImageSpec } from "#machinefile/machine.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import { imageShape } from "#machinefile/schema/schema.ts";
import { readFields, readMap } from "./read-fields.ts";

/** Reads one entry of `images`, which has exactly one of the three forms; undefined when it has problems. */
export function readImage(raw: unknown, path: Path, problems: Problem[]): ImageSpec | undefined {
  const before = problems.length;
  if (raw !== null && readMap(raw, path, problems) === undefined) return undefined;
  const { base, tarball, image, ...recipe } = readFields("images", imageShape, raw, path, problems);
  const keys = Object.keys(readMap(raw, path, problems) ?? {});
  const forms = ["base", "tarball", "image"].filter((form) => keys.includes(form));
  if (forms.length !== 1) {
    const found = forms.length === 0 ? "none" : forms.join(" and ");
    problems.push(problem(path, `an image has exactly one of base, tarball and image; here is ${found}`));
  } else if (!keys.includes("base")) {
    for (const key of keys.filter((name) => Object.hasOwn(recipe, name))) {
      problems.push(
        problem([...path, key], "belongs to an image with base: scratch alone", undefined, "key"),
      );
    }
  } else {
    for (const key of ["os", "release"].filter((name) => !keys.includes(name)))
      problems.push(problem(path, `${key} is missing`));
  }
  if (problems.length > before) return undefined;
  if (tarball !== undefined) return { tarball };
  if (image !== undefined) return { image };
  const { os, release, packages = [], ...rest } = recipe;
  if (base === undefined || os === undefined || release === undefined) return undefined;
  return { base, os, release, packages, ...rest };
}

import { expect, test } from "bun:test";
import type { ImageBuilderFacts } from "./doctor-facts.ts";
import { checkImageBuilder } from "./image-builder.ts";

const because = "mmdebstrap is not installed here";
const choice = { where: "container", base: "debian:trixie-slim", because } as const;

test("what builds images", () => {
  const cases: readonly (readonly [ImageBuilderFacts["has"], string])[] = [
    ["builder", "in a container of debian:trixie-slim (mmdebstrap is not installed here)"],
    [
      "base",
      "in a container of debian:trixie-slim, which gets mmdebstrap first (mmdebstrap is not installed here)",
    ],
    [
      "nothing",
      "in a container of debian:trixie-slim, which the engine pulls first (mmdebstrap is not installed here)",
    ],
  ];
  for (const [has, detail] of cases)
    expect(checkImageBuilder({ choice, has, packageManager: "dnf" })).toMatchObject({ status: "ok", detail });
  const here = { choice: { where: "host" }, has: undefined, packageManager: "apt" } as const;
  expect(checkImageBuilder(here)).toMatchObject({ status: "ok", detail: "mmdebstrap is installed" });
});

test("nothing builds them: install mmdebstrap where the distribution has it", () => {
  const none = { choice, has: undefined };
  expect(checkImageBuilder({ ...none, packageManager: "apt" })).toMatchObject({
    id: "image-tools",
    status: "warn",
    hint: "apt-get install mmdebstrap",
  });
  expect(checkImageBuilder({ ...none, packageManager: "dnf" }).hint).toBe(
    "start Docker, or give tarballs of roots",
  );
});

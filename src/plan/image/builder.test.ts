import { expect, test } from "bun:test";
import { type BuilderFacts, planBuilder, renderBuilder, renderNoBuilderHint } from "./builder.ts";

const debian: BuilderFacts = {
  mmdebstrap: true,
  keyring: { path: "/usr/share/keyrings/debian-archive-keyring.gpg", present: true },
  architecture: { here: "amd64", engine: "amd64" },
  named: undefined,
};

test("who builds: this host where it can, else a container, and why", () => {
  const cases: readonly (readonly [Partial<BuilderFacts>, string])[] = [
    [{}, "by mmdebstrap"],
    [{ mmdebstrap: false }, "in a container of debian:trixie-slim (mmdebstrap is not installed here)"],
    [
      { keyring: { path: "/k/ubuntu.gpg", present: false } },
      "in a container of debian:trixie-slim (this host has no /k/ubuntu.gpg)",
    ],
    [
      { architecture: { here: "amd64", engine: "arm64" } },
      "in a container of debian:trixie-slim (this host is amd64, the engine arm64)",
    ],
    [
      { named: "host:5000/debian@sha256:0" },
      "in a container of host:5000/debian@sha256:0 (BERTH_BUILDER_IMAGE is set)",
    ],
  ];
  for (const [facts, text] of cases) expect(renderBuilder(planBuilder({ ...debian, ...facts }))).toBe(text);
});

test("where nothing can build: only Debian's family has mmdebstrap to install", () => {
  expect(renderNoBuilderHint("apt")).toStartWith("Run `apt-get install mmdebstrap`, or have the engine get ");
  for (const manager of ["dnf", "pacman", "zypper", undefined] as const)
    expect(renderNoBuilderHint(manager)).toStartWith("Have the engine get an image of Debian ");
});

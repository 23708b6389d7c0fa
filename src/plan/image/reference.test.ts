import { describe, expect, test } from "bun:test";
import type { ImageSpec } from "#machinefile/machine.ts";
import { classifyReference } from "./reference.ts";
import { findSuggestions } from "./suggestions.ts";

const scratch: ImageSpec = { base: "scratch", os: "debian", release: "trixie", packages: [] };
const fleet: Readonly<Record<string, ImageSpec>> = {
  "debian-12": scratch,
  root: { tarball: "/srv/My Root.tar" },
  alias: { image: "debian-12" },
};

describe("what a reference means", () => {
  const cases = [
    ["debian-12", { kind: "scratch", name: "debian-12", spec: scratch }],
    ["root", { kind: "tarball", name: "root", path: "/srv/My Root.tar" }],
    ["alias", { kind: "name", reference: "debian-12" }],
    ["debian-13", { kind: "name", reference: "debian-13" }],
    ["constructor", { kind: "name", reference: "constructor" }],
    ["host:5000/a/b:1", { kind: "name", reference: "host:5000/a/b:1" }],
    ["./x", { kind: "tarball", name: "x", path: "./x" }],
    ["../My Root_2.TAR.gz", { kind: "tarball", name: "my-root-2", path: "../My Root_2.TAR.gz" }],
    ["/srv/-.tar", { kind: "tarball", name: "root", path: "/srv/-.tar" }],
    ["~/r.tgz", { kind: "tarball", name: "r", path: "~/r.tgz" }],
    ["r.tar.zst", { kind: "tarball", name: "r", path: "r.tar.zst" }],
    ["v1.target", { kind: "name", reference: "v1.target" }],
  ] as const;
  for (const [reference, meaning] of cases)
    test(reference, () => expect(classifyReference(reference, fleet)).toEqual(meaning));
});

describe("suggestions", () => {
  const names = ["debian-11", "debian-12", "ubuntu-24.04", "trixie:latest", "db:1"];
  const cases = [
    ["debain-12", "debian-12"],
    ["Trixi", "trixie"],
    ["ubuntu", "ubuntu-24.04"],
    ["fedora", undefined],
    ["", undefined],
  ] as const;
  for (const [word, first] of cases)
    test(word, () => expect(findSuggestions(word, names)[0]).toBe(first as string));
});

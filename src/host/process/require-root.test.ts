import { expect, test } from "bun:test";
import { requireRoot } from "./require-root.ts";

test("root may, and nobody else", () => {
  expect(() => requireRoot("it", 0)).not.toThrow();
  expect(() => requireRoot("it", 1000)).toThrow(
    expect.objectContaining({ code: "host-unfit", message: "it needs root" }),
  );
});

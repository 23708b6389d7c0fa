import { expect, test } from "bun:test";
import type { OciMount } from "./config.ts";
import { boundTerminals } from "./terminals.ts";

const devpts = (...options: string[]) => ({
  destination: "/dev/pts",
  type: "devpts",
  source: "devpts",
  options,
});

test("a machine's terminals have a bound", () => {
  expect(boundTerminals(devpts("newinstance", "ptmxmode=0666"))).toEqual(
    devpts("newinstance", "ptmxmode=0666", "max=512"),
  );
  expect(boundTerminals({ destination: "/dev/pts", type: "devpts" }).options).toEqual(["max=512"]);
});

test.each<OciMount>([
  devpts("max=20"),
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
])("%o stays as it is", (mount) => expect(boundTerminals(mount)).toBe(mount));

import { expect, test } from "bun:test";
import { parseStep, tellingLines } from "./builder-output.ts";

test("steps", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["I: running apt-get update...", "running apt-get update"],
    ["I: using /tmp/x as tempdir", undefined],
    ["I: removing tempdir /tmp/x...", undefined],
    ["I: success in 3 seconds", undefined],
    ["E: no...", undefined],
  ];
  expect(cases.map(([line]) => parseStep(line))).toEqual(cases.map(([, step]) => step));
});

test("why it failed: apt's and dpkg's words, else the last of any", () => {
  const farewell = "E: mmdebstrap failed to run";
  expect(
    tellingLines([
      "I: a...",
      "W: skipping mount proc",
      "Err:1 http://x trixie",
      "E: no such archive",
      farewell,
    ]),
  ).toEqual(["Err:1 http://x trixie", "E: no such archive"]);
  expect(tellingLines(["1", "2", "3", "4", "5", "6"])).toEqual(["2", "3", "4", "5", "6"]);
});

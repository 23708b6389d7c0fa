import { describe, expect, test } from "bun:test";
import { gracePeriod, judgeLease, type LeaseSight, parseHolder } from "./lease.ts";

const own = { machine: "mail.1.b.app", engine: "E1", node: "one" };
const before = { machine: "mail.1.a.app", engine: "E1", node: "one" };
const elsewhere = { machine: "mail.1.a.app", engine: "E2", node: "two" };
const sight: LeaseSight = { locked: true, holder: undefined, own, state: undefined, freeFor: 0 };

test.each<[string, Partial<LeaseSight>, string]>([
  ["nobody's", {}, "take"],
  ["nobody's, and somebody else looks at it", { locked: false }, "wait"],
  ["our own, of a guard that was killed", { holder: own }, "take"],
  ["our own, and somebody else looks at it", { holder: own, locked: false }, "wait"],
  ["a living machine's of this engine", { holder: before, locked: false, state: "alive" }, "refuse"],
  ["a living machine's whose guard is starting again", { holder: before, state: "alive" }, "refuse"],
  ["that of a machine which is being stopped", { holder: before, locked: false, state: "leaving" }, "wait"],
  [
    "that of a machine which is being stopped, its guard starting again",
    { holder: before, state: "leaving" },
    "wait",
  ],
  ["that of a machine of which nothing is left", { holder: before, state: "gone" }, "take"],
  [
    "that of a machine of which nothing is left, and another successor looks at it",
    { holder: before, locked: false, state: "gone" },
    "wait",
  ],
  ["a living machine's of another node", { holder: elsewhere, locked: false }, "refuse"],
  ["free on another node since a moment", { holder: elsewhere, freeFor: gracePeriod - 1 }, "wait"],
  ["free on another node since long", { holder: elsewhere, freeFor: gracePeriod }, "take"],
])("a lease that is %s", (_, given, verdict) =>
  expect(judgeLease({ ...sight, ...given })).toBe(verdict as "take"),
);

describe("the text of a lease", () => {
  test.each([own, { ...own, loader: "1" }])("is read back: %j", (holder) =>
    expect(parseHolder(JSON.stringify(holder))).toEqual(holder),
  );
  test.each(["", "{", "null", "[]", '"x"', '{"machine":1}'])("%p tells of nobody", (text) =>
    expect(parseHolder(text)).toBeUndefined(),
  );
});

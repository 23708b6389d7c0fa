import { describe, expect, test } from "bun:test";
import { parseReport, renderTotals } from "./report.ts";

const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" failures="1" skipped="2">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testcase name="x &amp; y" classname="" file="a.test.ts" line="2" assertions="1" />
    <testsuite name="d (needs zsh)" file="a.test.ts">
      <testcase name="s" classname="d (needs zsh)" file="a.test.ts">
        <skipped />
      </testcase>
      <testcase name="t" classname="d" file="a.test.ts">
        <skipped message="TODO" />
      </testcase>
      <testcase name="f" classname="d" file="a.test.ts">
        <failure type="AssertionError" message="a &gt; b">text</failure>
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

describe("parseReport", () => {
  test("tells passed, failed and skipped tests; one skipped without a reason has failed too", () => {
    const report = parseReport(xml, { what: "a.test.ts", status: 1, output: "skipped: no mirror\n" });
    expect(report.passed).toBe(1);
    expect(report.failed).toEqual([
      "a.test.ts > d > f",
      'a.test.ts > d > t: is skipped and does not say "(needs …)"',
    ]);
    expect(report.skipped).toEqual(["a.test.ts > d (needs zsh) > s", "a.test.ts > d > t"]);
    expect(report.notes).toEqual(["no mirror"]);
  });

  test.each([
    ["no report at all", "", 139, ["a.test.ts: ended with status 139"]],
    [
      "an error outside of the tests",
      '<testcase name="x" classname="" file="a"/>',
      1,
      ["a.test.ts: ended with status 1"],
    ],
    ["all is well", '<testcase name="x" classname="" file="a"/>', 0, []],
  ])("%s", (_, text, status, failed) => {
    expect(parseReport(text, { what: "a.test.ts", status, output: "" }).failed).toEqual(failed);
  });
});

test("totals name skipped tests only when there are any", () => {
  const report = parseReport(xml, { what: "a.test.ts", status: 1, output: "" });
  expect(renderTotals([report, report])).toBe("2 passed, 4 failed, 4 skipped");
  expect(renderTotals([{ ...report, skipped: [] }])).toBe("1 passed, 2 failed");
  expect(renderTotals([])).toBe("0 passed, 0 failed");
});

import { describe, expect, test } from "bun:test";
import { BerthError } from "../../errors.ts";
import { createStyle, wantsColor } from "./color.ts";
import { formatDuration } from "./duration.ts";
import { errorToJson, renderError, toBerthError } from "./error.ts";
import { renderJson, renderJsonLine } from "./json.ts";
import { formatSize } from "./size.ts";
import { plainText, textWidth, truncate } from "./text.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [512 * 2 ** 20, "512 MiB"],
  [1.5 * 2 ** 30, "1.5 GiB"],
  [2 ** 20 - 1, "1 MiB"],
  [2 ** 60, "1024 PiB"],
])("size %d", (bytes, text) => expect(formatSize(bytes)).toBe(text));

test.each([
  [0, "0.0 s"],
  [600, "0.6 s"],
  [9_960, "10 s"],
  [59_600, "1 min"],
  [180_000, "3 min"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [86_400_000, "1 day"],
  [3 * 86_400_000, "3 days"],
])("duration %d", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

test.each([
  ["abc", 3],
  ["漢字", 4],
  ["e\u0301", 1],
  ["👩‍👩‍👧", 2],
  ["…✔", 2],
])("width of %s", (text, width) => expect(textWidth(text)).toBe(width));

test.each([
  ["abcdef", 4, "abc…"],
  ["abc", 3, "abc"],
  ["漢字漢字", 4, "漢…"],
  ["abc", 0, ""],
])("%s in %d cells", (text, width, expected) => expect(truncate(text, width)).toBe(expected));

test("text of a machine is made harmless", () => {
  expect(plainText("a\x1b]0;title\x07b\x1b[31mc\r\nd\x9be")).toBe("abc d e");
});

describe("errors", () => {
  test("failed units stand between message and hint", () => {
    const error = new BerthError("boot-degraded", "web is degraded", {
      hint: "See 'berth logs web'.",
      details: { units: [{ unit: "nginx.service", description: "A web server", lines: ["bind failed\x1b[2J", "exited"] }] },
    });
    expect(renderError(error, createStyle(false))).toBe(
      [
        "berth: web is degraded",
        "  ✘ nginx.service  A web server",
        "      bind failed",
        "      exited",
        "  → See 'berth logs web'.",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["interrupted", new DOMException("stop", "AbortError")],
    ["disk-full", Object.assign(new Error("no space"), { code: "ENOSPC" })],
    ["internal", "text"],
    ["locked", new BerthError("locked", "x")],
  ] as const)("%s", (code, thrown) => expect(toBerthError(thrown).code).toBe(code));

  test("JSON leaves out what is not there", () => {
    expect(renderJsonLine(errorToJson(new BerthError("locked", "busy")))).toBe('{"error":{"code":"locked","message":"busy"}}\n');
  });
});

test("JSON of what JSON does not know", () => {
  expect(renderJson({ a: 2n, b: new Set([1]), c: new Map([["d", 1]]) })).toBe(
    `${JSON.stringify({ a: "2", b: [1], c: { d: 1 } }, undefined, 2)}\n`,
  );
  expect(renderJson(undefined)).toBe("null\n");
});

test.each([
  [true, false, {}, true],
  [false, false, {}, false],
  [true, true, {}, false],
  [true, false, { NO_COLOR: "1" }, false],
  [true, false, { NO_COLOR: "" }, true],
  [true, false, { TERM: "dumb" }, false],
])("colour: terminal %p, --no-color %p, %o", (terminal, noColor, env: Readonly<Record<string, string>>, expected) => {
  expect(wantsColor(terminal, noColor, env)).toBe(expected);
});

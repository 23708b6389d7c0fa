import { describe, expect, test } from "bun:test";
import { BerthError } from "#errors.ts";
import { createStyle, wantsColor } from "./color.ts";
import { formatDuration } from "./duration.ts";
import { errorToJson, renderCauses, renderError, toBerthError } from "./error.ts";
import { renderJson, renderJsonLine } from "./json.ts";
import { formatSize } from "./size.ts";
import { colouredLine, plainText, textWidth, truncate } from "./text.ts";

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
  expect(plainText("a\x1b]0;title\x07b\x1b[31mc\r\nd\x9be")).toBe("abc d");
});

test.each([
  ["an overriding direction", "exe\u202egnp.service", "exe\ufffdgnp.service"],
  ["isolates", "a\u2066b\u2069", "a\ufffdb\ufffd"],
  ["what takes no room", "we\u200bb\ufeff a\u00adb", "we\ufffdb\ufffd a\ufffdb"],
  ["a joiner between letters that need none", "we\u200db", "we\ufffdb"],
  ["a joiner that belongs there", "👩\u200d💻 می\u200cخواهم ❤\ufe0f", "👩\u200d💻 می\u200cخواهم ❤\ufe0f"],
  ["tags", "a\u{e0041}", "a\ufffd"],
  [
    "nothing of a title with spaces, nor of escapes with more bytes",
    "a\x1b]0;root@web: ~/x y\x1b\\b\x1b(Bc\x1b[?25ld\x1b[1 qe\x1b7f",
    "abcdef",
  ],
  ["what a sequence that never ends would hide", "a\x1bPb\x1b[31", "ab31"],
  [
    "a line that might be a sequence in very many ways",
    `\x1b${";?".repeat(500_000)}\n`,
    `${"?;".repeat(499_999)}? `,
  ],
  ["very many sequences that never end", "\x1b]a".repeat(300_000), "a".repeat(300_000)],
  ["sequences of eight bits, and one that never ends", "a\u009b31mb\u009d0;title", "ab 0;title"],
])("plain text shows %s", (_, text, expected) => expect(plainText(text)).toBe(expected));

test.each([
  ["colours", "\x1b[1;32mOK\x1b[0m done", "\x1b[1;32mOK\x1b[0m done\x1b[m"],
  ["tabs", "a\tb", "a\tb"],
  ["no moves, titles, clipboard, answers", "\x1b]0;t\x07\x1b]52;c;ZQ==\x1b\\\x1b[2Ja\x1b[5nb\x1bc", "ab"],
  ["no line drawn over", "passed\rfailed\r", "passed failed"],
  [
    "no carriage returns that end it, and goes through very many but once",
    `${"\r".repeat(1_000_000)}a\r\r`,
    " a",
  ],
  ["no colour inside a sequence of another kind", "\x1b]0;a\x1b[31mb\x07c", "0;a\x1b[31mb c\x1b[m"],
])("a line of a log keeps %s", (_, line, expected) => expect(colouredLine(line)).toBe(expected));

test("JSON escapes what a terminal would obey, and means the same", () => {
  const value = { text: "\x1b[2J\u009b2J\u2028\u2029\u202e\u{e0041}ü\u200d" };
  for (const json of [renderJson(value), renderJsonLine(value)]) {
    expect(
      [..."\x1b\u009b\u2028\u2029\u202e\u{e0041}"].filter((character) => json.includes(character)),
    ).toEqual([]);
    expect(JSON.parse(json)).toEqual(value);
  }
});

describe("errors", () => {
  test("nothing of a machine's reaches the terminal as it is", () => {
    const error = new BerthError("boot-failed", "web ended\n  \x1b]52;c;ZXZpbA==\x07\u202etxt", {
      hint: "see \x1b[2Jit",
      cause: new Error("\x1b[8m"),
    });
    expect(renderError(error, { style: createStyle(false), width: undefined })).toBe(
      "berth: web ended\n    \ufffdtxt\n  → see it\n",
    );
    expect(renderCauses(error)).not.toContain("\x1b");
  });

  test("on a terminal all of it is broken between words", () => {
    const error = new BerthError("boot-degraded", "web booted, but it has failed units", {
      hint: "look closer: `berth exec web systemctl status`",
      details: { units: [{ unit: "bad.service", lines: ["a unit that says a good deal about it"] }] },
    });
    expect(renderError(error, { style: createStyle(false), width: 30 })).toBe(
      [
        "berth: web booted, but it has",
        "  failed units",
        "  ✘ bad.service",
        "      a unit that says a good",
        "        deal about it",
        "  → look closer: `berth exec",
        "    web systemctl status`",
        "",
      ].join("\n"),
    );
  });

  test("failed units stand between message and hint", () => {
    const error = new BerthError("boot-degraded", "web is degraded", {
      hint: "See 'berth logs web'.",
      details: {
        units: [
          { unit: "nginx.service", description: "A web server", lines: ["bind failed\x1b[2J", "exited"] },
        ],
      },
    });
    expect(renderError(error, { style: createStyle(false), width: undefined })).toBe(
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
    expect(renderJsonLine(errorToJson(new BerthError("locked", "busy")))).toBe(
      '{"error":{"code":"locked","message":"busy"}}\n',
    );
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
])(
  "colour: terminal %p, --no-color %p, %o",
  (terminal, noColor, env: Readonly<Record<string, string>>, expected) => {
    expect(wantsColor(terminal, noColor, env)).toBe(expected);
  },
);

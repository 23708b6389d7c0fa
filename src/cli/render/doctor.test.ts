import { expect, test } from "bun:test";
import { createStyle } from "./color.ts";
import { renderChecks } from "./doctor.ts";
import { marksFor } from "./progress-state.ts";

test("a line a check, advice below it, and a sum", () => {
  const text = renderChecks(
    [
      { id: "a", title: "Engine", status: "ok", detail: "28.0", hint: undefined },
      { id: "b", title: "Disk", status: "fail", detail: "full", hint: "make room" },
    ],
    marksFor({ LANG: "C" }),
    { style: createStyle(false), width: undefined },
  );
  expect(text).toBe(
    "+ Engine  28.0\nx Disk    full\n          → make room\n\n1 failed, 0 to look at, 1 fine\n",
  );
});

test("details and advice are broken between words on a terminal", () => {
  const text = renderChecks(
    [
      {
        id: "a",
        title: "Engine",
        status: "warn",
        detail: "it lacks a capability that machines want",
        hint: "start it with the whole set",
      },
    ],
    marksFor({ LANG: "C" }),
    { style: createStyle(false), width: 34 },
  );
  expect(text).toBe(
    "! Engine  it lacks a capability\n          that machines want\n          → start it with the\n            whole set\n\n0 failed, 1 to look at, 0 fine\n",
  );
});

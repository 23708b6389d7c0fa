import { describe, expect, test } from "bun:test";
import { createStyle } from "./color.ts";
import { createProgress, type ProgressOptions } from "./progress.ts";
import { renderFrame } from "./progress-frame.ts";
import { marksFor } from "./progress-state.ts";

const marks = marksFor({});

function recorded(mode: ProgressOptions["mode"], size: { columns?: number; rows?: number } = {}) {
  const written: string[] = [];
  const state = { time: 0, columns: size.columns ?? 80, beat: (): void => undefined, ticking: false };
  const progress = createProgress({
    mode,
    write: (text) => written.push(text),
    columns: () => state.columns,
    rows: () => size.rows ?? 24,
    now: () => state.time,
    every(_milliseconds, callback) {
      state.beat = callback;
      state.ticking = true;
      return () => {
        state.ticking = false;
      };
    },
    marks,
    style: createStyle(false),
  });
  return { progress, written, state };
}

describe("plain", () => {
  test("a line per change", () => {
    const { progress, written, state } = recorded("plain");
    progress.update("web", { state: "creating" });
    progress.update("web", { state: "booting" });
    state.time = 300;
    progress.update("web", { state: "booting" });
    state.time = 600;
    progress.update("web", { state: "running" });
    progress.update("db", { state: "running", detail: "10.72.0.11", elapsedMs: 1234 });
    progress.done();
    expect(written.join("")).toBe(
      "web: creating\nweb: booting\nweb: running (0.6 s)\ndb: running, 10.72.0.11 (1.2 s)\n",
    );
  });

  test("silent", () => {
    const { progress, written } = recorded("silent");
    progress.update("web", { state: "creating" });
    progress.done();
    expect(written).toEqual([]);
  });
});

describe("live", () => {
  test("what was not begun when it ends is not left behind", () => {
    const { progress, written } = recorded("live");
    progress.update("web", { state: "preparing" });
    progress.update("db", { state: "preparing", detail: "building" });
    written.length = 0;
    progress.done();
    expect(written).toEqual(["\x1b[2A\r⠋ db   preparing   building   0.0 s\x1b[K\n\x1b[J", "\x1b[?25h"]);
  });

  test("draws, draws over itself, and gives the cursor back", () => {
    const { progress, written, state } = recorded("live");
    progress.update("web", { state: "creating" });
    expect(written).toEqual(["\x1b[?25l", "⠋ web   creating   0.0 s\x1b[K\n\x1b[J"]);
    written.length = 0;
    state.time = 100;
    state.beat();
    expect(written).toEqual(["\x1b[1A\r⠙ web   creating   0.1 s\x1b[K\n\x1b[J"]);
    written.length = 0;
    state.time = 600;
    progress.update("web", { state: "running", detail: "10.72.0.10" });
    expect(written).toEqual(["\x1b[1A\r✔ web   running   10.72.0.10   0.6 s\x1b[K\n\x1b[J"]);
    written.length = 0;
    state.time = 900;
    progress.done();
    progress.done();
    expect(written).toEqual(["\x1b[1A\r✔ web   running   10.72.0.10   0.6 s\x1b[K\n\x1b[J", "\x1b[?25h"]);
    expect(state.ticking).toBe(false);
  });

  test("text goes above the lines", () => {
    const { progress, written } = recorded("live");
    progress.update("web", { state: "waiting" });
    written.length = 0;
    progress.print("note\n");
    expect(written).toEqual(["\x1b[1A\r\x1b[Jnote\n", "· web   waiting\x1b[K\n\x1b[J"]);
  });

  test("goes back over lines a narrower terminal has wrapped", () => {
    const { progress, written, state } = recorded("live");
    progress.update("web", { state: "booting", detail: "x".repeat(60) });
    state.columns = 30;
    written.length = 0;
    state.beat();
    expect(written[0]).toStartWith("\x1b[3A\r");
    progress.done();
  });

  test("without any update nothing is written", () => {
    const { progress, written } = recorded("live");
    progress.done();
    expect(written).toEqual([]);
  });

  test("more machines than lines: a summary, and all of them at the end", () => {
    const { progress, written } = recorded("live", { rows: 5 });
    for (let number = 0; number < 10; number += 1)
      progress.update(`m${number}`, { state: number < 7 ? "running" : "booting" });
    const last = (written.at(-1) ?? "").split("\n");
    expect(last.length - 1).toBe(4);
    expect(last[3]).toContain("7 of 10 finished");
    expect(written.at(-1)).toContain("m9");
    progress.done();
    expect(written.at(-2)?.split("\n").length).toBe(11);
  });
});

test.each([20, 40, 79, 80, 200])("no line is wider than %d columns", (columns) => {
  const entries = [
    {
      name: "a-machine-with-a-very-long-name-indeed",
      state: "running",
      detail: "漢字".repeat(50),
      elapsedMs: 60_000,
    },
    { name: "é👩‍👩‍👧", state: "failed", detail: "\u0301e\u0301", elapsedMs: undefined },
  ] as const;
  const lines = renderFrame(entries, { columns, lines: 10, tick: 3, marks, style: createStyle(false) });
  for (const line of lines) expect(Bun.stringWidth(line.text)).toBeLessThan(columns);
});

test.each([
  [{}, "✔"],
  [{ LANG: "en_GB.UTF-8" }, "✔"],
  [{ LANG: "C" }, "+"],
  [{ LC_ALL: "C.utf8", LANG: "C" }, "✔"],
  [{ TERM: "linux", LANG: "en_GB.UTF-8" }, "+"],
])("marks for %o", (env: Readonly<Record<string, string>>, mark) => {
  expect(marksFor(env).done).toBe(mark);
});

import { expect, test } from "bun:test";
import { journalTime, unixTime } from "./log-time.ts";

test.each([
  ["10m", "-10m"],
  ["1h30m", "-1h30m"],
  ["-2d", "-2d"],
  ["2030-01-31T12:00:00Z", "@1896091200"],
  ["2030-01-31T12:00:00.5+01:00", "@1896087600.5"],
  ["yesterday", "yesterday"],
  ["2030-01-31 12:00", "2030-01-31 12:00"],
  ["10 minutes ago", "10 minutes ago"],
])("the journal's %p", (text, expected) => {
  expect(journalTime(text)).toBe(expected);
});

const now = new Date(2030, 0, 31, 12, 30);
const seconds = (...date: [number, number, number, number?, number?]) =>
  new Date(date[0], date[1], date[2], date[3] ?? 0, date[4] ?? 0).getTime() / 1000;

test.each([
  ["10m", seconds(2030, 0, 31, 12, 20)],
  ["1h30min ago", seconds(2030, 0, 31, 11, 0)],
  ["-1d", seconds(2030, 0, 30, 12, 30)],
  ["now", seconds(2030, 0, 31, 12, 30)],
  ["today", seconds(2030, 0, 31)],
  ["yesterday", seconds(2030, 0, 30)],
  ["@12.5", 12.5],
  ["2030-01-31T12:00:00Z", 1_896_091_200],
  ["2030-01-30", seconds(2030, 0, 30)],
  ["2030-01-30 10:15", seconds(2030, 0, 30, 10, 15)],
])("the engine's %p", (text, expected) => {
  expect(unixTime(text, now)).toBe(expected);
});

test.each(["", "soon", "10", "10x", "2030-13-41", "2030-01-31T25:00:00Z"])("%p is no time", (text) => {
  expect(() => unixTime(text, now)).toThrow(expect.objectContaining({ code: "usage" }));
});

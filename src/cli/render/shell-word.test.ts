import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { posixWord, shownWord } from "./shell-word.ts";

const words: readonly (readonly [string, string])[] = [
  ["", "''"],
  ["/srv/web:/data", "/srv/web:/data"],
  ["it's 5 €", "'it'\\''s 5 €'"],
  ["a\x1b[2K\x1b[1Ab", "$'a\\033[2K\\033[1Ab'"],
  ["don't\r\n\\", "$'don\\047t\\015\\012\\134'"],
  ["a\u202eb\u{e0041}", "$'a\\342\\200\\256b\\363\\240\\201\\201'"],
];

test.each(words)("%p is shown as %s, which a shell reads as it was", (word, shown) => {
  expect(shownWord(word)).toBe(shown);
  expect(execFileSync("bash", ["-c", `printf %s ${shown}`], { encoding: "utf8" })).toBe(word);
});

test.each(words)("%p is a word of any shell, too", (word) => {
  expect(execFileSync("dash", ["-c", `printf %s ${posixWord(word)}`], { encoding: "utf8" })).toBe(word);
});

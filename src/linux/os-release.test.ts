import { expect, test } from "bun:test";
import { parseOsRelease } from "./os-release.ts";

test.each([
  [undefined, undefined],
  ["", { id: "linux", versionId: undefined, prettyName: "linux" }],
  ["ID=arch\nNAME='Arch Linux'", { id: "arch", versionId: undefined, prettyName: "Arch Linux" }],
  [
    '# comment\r\n\r\nID="rhel"\r\nVERSION_ID="9.4"\r\n',
    { id: "rhel", versionId: "9.4", prettyName: "rhel" },
  ],
  [
    'ID=a\nID=b\nPRETTY_NAME="$HOME `x`"\nnot a line',
    { id: "b", versionId: undefined, prettyName: "$HOME `x`" },
  ],
])("os-release %p", (text, expected) => {
  expect(parseOsRelease(text)).toEqual(expected);
});

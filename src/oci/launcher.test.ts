import { expect, test } from "bun:test";
import { inits } from "#contract/init.ts";
import { renderLauncher, withRealRuntime } from "./launcher.ts";

const marks = [
  "real=runc",
  "state='@STATE_ROOT@'",
  "mirrors='@MIRROR_DIRECTORY@'",
  "files='@STATE_FILES@ @HOST_FILES@'",
  "needles='@INIT_NEEDLES@'",
].join("\n");
const include = (name: string) =>
  `# shellcheck source=launcher/${name}.sh\n. "\${0%/*}/launcher/${name}.sh"\n`;
const template = `${marks}\n${include("settle")}\nsettle "$@"\n`;
const words = "@STAGE@ @BASE@ @NAMED@ @UNIFIED@ @DOMAIN@ @CONTROLLERS_AT@ @DESCENDANTS@ @DEPTH@ @ACCESS@";
const places = Array.from({ length: 9 }, (_, at) => `\${${at + 1}}`).join(" ");
const settle = `# shellcheck shell=sh\n\n# The hook.\nsettle() { echo ${words}; }\n`;

test("it has its parts, and what berth knows", () => {
  const text = renderLauncher({ template, parts: { settle } });
  expect(text).toStartWith("real=runc\nstate='/run/berth/runtime'\n");
  expect(text).toEndWith(`\n# The hook.\nsettle() { echo ${places}; }\n\nsettle "$@"\n`);
  expect(text).toContain('/init"\n"init"\n/systemd"\n"systemd"\nopenrc-init"\n');
  expect(text).not.toContain("shellcheck");
});

test("it finds an init that is added to the table", () => {
  const dinit = { ...inits.runit, endings: ["/dinit"] };
  const table = { ...inits, dinit };
  expect(renderLauncher({ template, parts: { settle } }, table)).toContain('/dinit"\n"dinit"');
});

test.each([
  [
    "a mark without a value",
    { template: `${template}@OTHER@`, parts: { settle } },
    "missing value for the mark @OTHER@",
  ],
  ["a word that is not taken", { template, parts: { settle: "settle() { :; }\n" } }, "unused value STAGE"],
  ["a part that is not there", { template, parts: {} }, "unknown part settle"],
  ["a part that is not included", { template, parts: { settle, other: "" } }, "parts of the launcher: other"],
])("%s is a mistake", (_, source, message) => {
  expect(() => renderLauncher(source)).toThrow(message);
});

test("an ending that ends the shell's quotes is a mistake", () => {
  const table = { ...inits, odd: { ...inits.runit, endings: ["/o'dd"] } };
  expect(() => renderLauncher({ template, parts: { settle } }, table)).toThrow("o'dd");
});

test("another real runtime takes runc's place, also that of one before", () => {
  const crun = withRealRuntime(`${marks}\n`, "/usr/bin/crun");
  expect(crun).toStartWith("real=/usr/bin/crun\nstate=");
  expect(withRealRuntime(crun, "youki")).toStartWith("real=youki\nstate=");
});

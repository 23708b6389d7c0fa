import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { OciConfig } from "./config.ts";
import { parseConfig } from "./json.ts";
import { refusedCalls } from "./refused-calls.ts";

const testdata = `${import.meta.dir}/testdata`;
type Rule = NonNullable<NonNullable<NonNullable<OciConfig["linux"]>["seccomp"]>["syscalls"]>[number];
const refusedBy = (...syscalls: readonly Rule[]) =>
  refusedCalls({
    ociVersion: "1.0.2",
    process: { args: [] },
    root: { path: "/" },
    linux: { seccomp: { syscalls: [...syscalls] } },
  });

test.each(readdirSync(testdata))("an engine's own profile refuses nothing by name: %s", (name) => {
  expect(refusedCalls(parseConfig(readFileSync(`${testdata}/${name}`, "utf8")) as OciConfig)).toEqual([]);
});

const args = [{ index: 0, value: 0x1000_0000, op: "SCMP_CMP_MASKED_EQ" }];
test.each<[Rule, readonly string[]]>([
  [{ names: ["unshare", "setns"], action: "SCMP_ACT_ERRNO" }, ["unshare", "setns"]],
  [{ names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }, ["mount"]],
  [{ names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }, ["mount"]],
  [{ names: ["mount"], action: "SCMP_ACT_KILL_PROCESS" }, ["mount"]],
  [{ names: ["mount"], action: "SCMP_ACT_TRAP" }, ["mount"]],
  [{ names: ["mount"], action: "SCMP_ACT_NOTIFY" }, ["mount"]],
  [{ names: ["clone"], action: "SCMP_ACT_ERRNO", args }, ["clone"]],
  [{ names: ["clone3"], action: "SCMP_ACT_ERRNO" }, ["clone3"]],
  [{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }, []],
  [{ names: ["clone"], action: "SCMP_ACT_ALLOW", args }, []],
  [{ names: ["mount"], action: "SCMP_ACT_LOG" }, []],
])("%j refuses %p", (rule, refused) => {
  expect(refusedBy(rule)).toEqual([...refused]);
});

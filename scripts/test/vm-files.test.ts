import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { qemuArguments } from "#lab/vm/qemu.ts";
import { vmRootArguments } from "#lab/vm/recipe.ts";
import { top } from "./run.ts";
import { findTestFiles, planSuites } from "./suites.ts";
import { chooseVmFiles, shortVmFiles, vmFiles } from "./vm-files.ts";

describe("what runs in the VM", () => {
  test.each([...vmFiles, ...shortVmFiles].map(({ path }) => path))("%s is there", (path) => {
    expect(existsSync(join(top, path))).toBe(true);
  });

  test("nothing that asks for a wire, another root or an engine's settings", async () => {
    const chosen = chooseVmFiles(await findTestFiles(), vmFiles, []);
    expect(chosen).toContain("test/e2e/machine/up.test.ts");
    const refused = /\b(useSwarm|useLab|labEngineRoot)\(|\bextraConfig:|\bwire: true/;
    expect(chosen.filter((file) => refused.test(readFileSync(join(top, file), "utf8")))).toEqual([]);
  });

  test("a folder means its files, a pattern a part of the path", () => {
    const files = ["test/e2e/host/b.test.ts", "test/e2e/host/a.test.ts", "test/e2e/hosts.test.ts"];
    const list = [{ path: "test/e2e/host/" }];
    expect(chooseVmFiles(files, list, [])).toEqual(["test/e2e/host/a.test.ts", "test/e2e/host/b.test.ts"]);
    expect(chooseVmFiles(files, list, ["/b"])).toEqual(["test/e2e/host/b.test.ts"]);
  });

  test("npm test gives the VM its short part, and no lab a file of the VM's alone", () => {
    const [short = ""] = shortVmFiles.map(({ path }) => path);
    const plan = planSuites([short, "test/e2e/host/other.test.ts", "test/e2e/machine/up.test.ts"], []);
    expect(plan.vm).toEqual([short]);
    expect(plan.engines.map(({ files }) => files)).toEqual([["test/e2e/machine/up.test.ts"]]);
  });
});

describe("the VM", () => {
  const boot = { disk: "/c/disk", kernel: "/c/kernel", initrd: "/c/initrd", key: "/c/key" };
  const wish = {
    boot,
    data: "/d",
    monitor: "/m",
    disk: { path: "/o", format: "qcow2", kept: false },
  } as const;

  test("writes to no disk that it is not to keep, and listens on this host alone", () => {
    const words = qemuArguments({ ...wish, accelerator: "tcg" });
    const drives = words.filter((word) => word.startsWith("file="));
    expect(drives.map((drive) => drive.includes("snapshot=on"))).toEqual([true, true]);
    expect(words.filter((word) => word.includes("hostfwd"))).toEqual([
      expect.stringContaining("hostfwd=tcp:127.0.0.1:0-:22"),
    ]);
    expect(words).not.toContain("-incoming");
  });

  test("goes on from a state, whatever its path has in it", () => {
    const words = qemuArguments({ ...wish, accelerator: "kvm", state: "/it's/state" });
    expect(words.slice(-2)).toEqual(["-incoming", "exec:cat '/it'\\''s/state'"]);
    expect(words).toContain("kvm");
  });

  test("is of Debian's packages, of the mirror that is named", () => {
    const words = vmRootArguments("sid", "/root", ["http://mirror"]);
    expect(words.slice(-3)).toEqual(["sid", "/root", "http://mirror"]);
    expect(words.find((word) => word.startsWith("--include="))).toContain("docker.io");
  });
});

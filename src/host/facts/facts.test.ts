import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { capabilities } from "#linux/capability.ts";
import { readHost } from "./facts.ts";

const facts = import.meta.resolve("./facts.ts");
/** The facts as a process sees them that was changed by a shell script before. */
function readHostAfter(script: string): string {
  const source = `const { readHost } = await import(${JSON.stringify(facts)});
    try { const { capabilities, ...host } = readHost(); console.log(JSON.stringify({ ...host, capabilities: [...capabilities] })); }
    catch (error) { console.log(JSON.stringify({ code: error.code, hint: error.hint })); }`;
  const namespace = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
  const args = [...namespace, "sh", "-c", `${script} && exec "$@"`, "sh", process.execPath, "-e", source];
  return execFileSync("unshare", args, { encoding: "utf8" });
}

describe("this host", () => {
  const host = readHost();

  test("cgroups are where it says", () => {
    const type = execFileSync("stat", ["-f", "-c", "%T", "/sys/fs/cgroup"], { encoding: "utf8" }).trim();
    expect(host.cgroup.layout === "v2").toBe(type === "cgroup2fs");
    for (const place of [host.cgroup.named, host.cgroup.unified])
      if (place !== undefined) expect(existsSync(`${place}/cgroup.procs`)).toBe(true);
  });

  test("capabilities are what the kernel says of this process", () => {
    const mask = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]}`);
    expect(capabilities.map((name) => host.capabilities?.has(name))).toEqual(
      capabilities.map((_, bit) => (mask & (1n << BigInt(bit))) !== 0n),
    );
  });

  test("sysctls and kernel", () => {
    expect(host.sysctlDirectories).toContain("net");
    expect(release()).toStartWith(host.kernel.join("."));
  });
});

test("without any cgroup mount", () => {
  const seen = JSON.parse(readHostAfter("mount -t tmpfs tmpfs /sys"));
  expect(seen.code).toBe("host-unfit");
  expect(seen.hint).toContain("mount -t cgroup2");
});

test("a capability dropped from the bounding set is not there", () => {
  const seen = JSON.parse(readHostAfter('set -- setpriv --bounding-set=-sys_time "$@"'));
  expect(seen.capabilities).not.toContain("CAP_SYS_TIME");
  expect(seen.capabilities).toContain("CAP_CHOWN");
});

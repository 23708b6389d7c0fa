import { expect, test } from "bun:test";
import { checkEngineKind } from "./engine-kind.ts";

const plain = {
  packaging: "system",
  operatingSystem: "Debian GNU/Linux 13",
  securityOptions: ["name=cgroupns"],
} as const;

test.each([
  ["a distribution's", {}, "ok", /run by root/],
  ["one whose process is not to be seen", { packaging: undefined }, "ok", /run by root/],
  ["snap's", { packaging: "snap" }, "warn", /from snap/],
  ["Docker Desktop", { packaging: undefined, operatingSystem: "Docker Desktop" }, "warn", /virtual machine/],
  [
    "a rootless",
    { securityOptions: ["name=seccomp,profile=builtin", "name=rootless"] },
    "warn",
    /^rootless: .*strict/,
  ],
  ["a remapped", { securityOptions: ["name=userns"] }, "warn", /^userns-remap: .*strict/],
  ["one with an option that only looks so", { securityOptions: ["name=usernsx"] }, "ok", /run by root/],
] as const)("%s engine", (_, change, status, detail) => {
  const check = checkEngineKind({ ...plain, ...change });
  expect(check).toMatchObject({ id: "engine-kind", status, detail: expect.stringMatching(detail) });
  expect(check.hint === undefined).toBe(status === "ok");
});

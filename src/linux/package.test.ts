import { expect, test } from "bun:test";
import { installCommand, installHint, type PackageManager, packageManagerOf } from "./package.ts";

test("the package manager, by os-release", () => {
  const cases: readonly (readonly [string | undefined, PackageManager | undefined])[] = [
    ["ID=debian\n", "apt"],
    ['NAME=x\nID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt"],
    ["ID=fedora\nVERSION_ID=42\n", "dnf"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf"],
    ["ID=manjaro\nID_LIKE=arch\n", "pacman"],
    ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', "zypper"],
    ["ID=alpine\n", undefined],
    [undefined, undefined],
  ];
  for (const [text, manager] of cases) expect(packageManagerOf(text)).toBe(manager);
});

test("the command that installs a program, each in its distribution's words", () => {
  expect(
    (["apt", "dnf", "pacman", "zypper"] as const).map((manager) => installCommand("ssh", manager)),
  ).toEqual([
    "apt-get install openssh-client",
    "dnf install openssh-clients",
    "pacman -S openssh",
    "zypper install openssh-clients",
  ]);
  expect(installCommand("mmdebstrap", "dnf")).toBeUndefined();
});

test("the hint: none where the distribution has no package, Debian's name on an unknown system", () => {
  expect(installHint("xz", "dnf")).toBe("Run `dnf install xz`.");
  expect(installHint("mmdebstrap", "pacman")).toBeUndefined();
  expect(installHint("xz", undefined)).toBe("Install xz (Debian's package xz-utils).");
  expect(installHint("mine", "apt")).toBeUndefined();
});

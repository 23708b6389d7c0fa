import { expect } from "bun:test";
import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { booted, runMachine } from "./machine.ts";
import type { Node } from "./nodes.ts";

/**
 * What a program that attacks found out: each attempt has a name, and the kernel's word where it was refused.
 */
export interface Outcome {
  readonly got: readonly string[];
  readonly refused: Readonly<Record<string, string>>;
}

/**
 * A program for /bin/sh: `try NAME COMMAND…` is one attempt; `got NAME` and `refused NAME WHY` tell of one
 * made by hand.
 */
export interface ShellAttack {
  readonly shell: string;
}

/**
 * A program for perl, for what takes system calls: `attempt NAME, RESULT` is one attempt, a RESULT below zero
 * or undefined a failure by $!.
 */
export interface PerlAttack {
  readonly perl: string;
}

export type Attack = ShellAttack | PerlAttack;

const shellPrelude = `
got() { echo "GOT $1"; }
refused() { name=$1; shift; echo "REFUSED $name: $*" | tr '\\n' ' '; echo; }
try() { attempted=$1; shift; if out=$("$@" 2>&1); then got "$attempted"; else refused "$attempted" "$out"; fi; }
`;
const perlPrelude = `
use strict; use warnings; use Fcntl; no warnings "portable";
$| = 1;
sub attempt { my ($name, $result) = @_; my $why = "$!"; print defined $result && $result >= 0 ? "GOT $name\\n" : "REFUSED $name: $why\\n"; }
sub refuse { my ($name) = @_; print "REFUSED $name: $!\\n"; }
`;

/** Runs it as a unit of a machine, where its root has every right that it can have there. */
export async function attackFrom(node: Node, machine: string, attack: Attack): Promise<Outcome> {
  const run = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", "sh", "-c", decoding(attack)];
  return outcomeOf(await node.docker("exec", machine, ...run));
}

/** Runs it as the host's root, in the namespaces of the engine. */
export async function attackFromHost(node: Node, attack: Attack): Promise<Outcome> {
  return outcomeOf(
    await node.run("unshare", "--mount", "--propagation", "private", "sh", "-c", decoding(attack)),
  );
}

/** systemd-run expands dollars and percents, so the program goes in base64. */
function decoding(attack: Attack): string {
  const [interpreter, text] =
    "shell" in attack ? ["sh", shellPrelude + attack.shell] : ["perl", perlPrelude + attack.perl];
  return `echo ${Buffer.from(text).toString("base64")} | base64 --decode | ${interpreter}`;
}

function outcomeOf({ stdout }: { readonly stdout: string }): Outcome {
  const lines = stdout.split("\n");
  const refused = lines.flatMap((line) => {
    const match = /^REFUSED ([^:]+): ?(.*)$/.exec(line);
    return match?.[1] === undefined ? [] : [[match[1], match[2]?.trim() ?? ""] as const];
  });
  return {
    got: lines.flatMap((line) => /^GOT (.*)$/.exec(line)?.[1] ?? []),
    refused: Object.fromEntries(refused),
  };
}

/**
 * The machine that attacks, profile full, and the one that has the rights of the host's root, so that an
 * attack can be seen to work.
 */
export const prisoner = "prisoner";
export const mighty = "mighty";

/** What only the host may read. */
export const secret = "0123456789abcdef0123456789abcdef";

/** All that a directory of the host's holds, with what a touch would change. */
export async function listHostFiles(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory, { recursive: true })).toSorted();
  const look = async (name: string) => {
    const { mode, uid, mtimeMs, size } = await stat(join(directory, name));
    return [name, mode, uid, mtimeMs, size].join(" ");
  };
  return Promise.all(names.map(look));
}

/** Boots the two side by side. */
export async function bootBoth(node: Node, image: string, ...flags: readonly string[]): Promise<void> {
  await runMachine(node, prisoner, image, "-e", "BERTH_PROFILE=full", ...flags);
  await runMachine(node, mighty, image, "--privileged", ...flags);
  expect(await booted(node, prisoner)).toBe("running");
  expect(await booted(node, mighty)).toBe("running");
}

/**
 * Expects that all attempts were made and none got through, and that a control with the host's rights got
 * through with each of `names`.
 */
export function expectConfined(attacker: Outcome, control: Outcome, names: readonly string[]): void {
  expect({ got: attacker.got, refused: Object.keys(attacker.refused).toSorted() }).toEqual({
    got: [],
    refused: names.toSorted(),
  });
  expect({ got: control.got.toSorted(), refused: control.refused }).toEqual({
    got: names.toSorted(),
    refused: {},
  });
}

/** What moves by itself. */
const volatile =
  /random\/|\/(dentry-state|inode-nr|inode-state|file-nr|aio-nr|ns_last_pid|pty\/nr|nr_hugepages|quota\/.*|sched_domain.*)$/;
/** Not of what systemd mounts there as soon as somebody looks (binfmt_misc): that would be a new mount. */
const printSysctls =
  "find /proc/sys/kernel /proc/sys/vm /proc/sys/fs /proc/sys/net/core -xdev -type f -perm -400 -print0 | sort -z | xargs -0 grep -sH ''; true";

/**
 * Where others may be at work on the same host: the directories for temporary files, the tests' own too, of
 * which `npm test` gives each file a part.
 */
const busy = [...new Set(["/tmp", tmpdir().replace(/\/npm-test-[^/]+\/.*$/, "")])];
/** The flag is what another test marks the cgroups with. */
const printMounts = `cut --delimiter=' ' --fields=5- /proc/self/mountinfo | grep -v -e /overlay2/ ${busy
  .map((directory) => `-e '^${directory.replace(/[.*^$[\]\\]/g, "\\$&")}/'`)
  .join(" ")} | sed 's/,memory_localevents//' | sort`;

/**
 * What a machine must not change of its host: settings of the kernel, names, network, devices, mounts,
 * programs of the engine.
 */
export async function hostFacts(node: Node): Promise<Readonly<Record<string, string>>> {
  const look = async (script: string) => (await node.run("sh", "-c", script)).stdout;
  const [sysctls, network, names, devices, mounts, programs] = await Promise.all([
    look(printSysctls),
    look("ip -oneline link show lo; ip -oneline address show lo; ip rule"),
    look("hostname; cat /etc/hostname /etc/machine-id; readlink /proc/self/ns/*"),
    look(
      "stat --format='%n %a %u %g %Hr:%Lr' /dev/* 2>/dev/null; cat /proc/swaps; grep -v loop /proc/partitions",
    ),
    look(printMounts),
    look("sha256sum /usr/sbin/runc /bin/sh"),
  ]);
  const steady = sysctls.split("\n").filter((line) => !volatile.test(line.split(":")[0] ?? ""));
  return { sysctls: steady.join("\n"), network, names, devices, mounts, programs };
}

/** The numbers of system calls that perl has no name for. */
const numbers = {
  x64: {
    ...{
      acct: 163,
      add_key: 248,
      bpf: 321,
      delete_module: 176,
      finit_module: 313,
      init_module: 175,
      ioprio_set: 251,
      kexec_load: 246,
    },
    ...{ inotify_init1: 294 },
    ...{ keyctl: 250, name_to_handle_at: 303, open_by_handle_at: 304, perf_event_open: 298 },
    ...{ quotactl: 179, setns: 308, settimeofday: 164, setxattr: 188, swapoff: 168 },
    ...{ swapon: 167, syslog: 103, userfaultfd: 323 },
  },
  arm64: {
    ...{
      acct: 89,
      add_key: 217,
      bpf: 280,
      delete_module: 106,
      finit_module: 273,
      init_module: 105,
      ioprio_set: 30,
      kexec_load: 104,
    },
    ...{ inotify_init1: 26 },
    ...{ keyctl: 219, name_to_handle_at: 264, open_by_handle_at: 265, perf_event_open: 241 },
    ...{ quotactl: 60, setns: 268, settimeofday: 170, setxattr: 5, swapoff: 225 },
    ...{ swapon: 224, syslog: 116, userfaultfd: 282 },
  },
} as const;
export const systemCalls = process.arch === "arm64" ? numbers.arm64 : numbers.x64;

import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCommand, type Registry } from "#cli/frame/command.ts";
import { loadCommandTree } from "#cli/frame/command-tree.ts";
import { run } from "#cli/frame/run.ts";
import { registry } from "#cli/registry.ts";
import { memoryIo } from "#cli/test/memory-io.ts";
import { tryRun } from "#host/process/run.ts";
import { renderBash } from "./bash.ts";
import { renderFish } from "./fish.ts";
import { renderZsh } from "./zsh.ts";

const examples = [{ command: "berth", description: "x" }] as const;
const leaf = defineCommand({
  name: "up",
  summary: "It's up",
  description: "x",
  arguments: [{ name: "names", description: "x", required: false, variadic: true, completes: "machine" }],
  options: {
    image: { short: "i", value: "IMAGE", description: "x", completes: "image" },
    profile: { value: "PROFILE", description: "x", choices: ["strict", "full"] },
    secret: { description: "x", hidden: true },
  },
  examples,
  action: async () => undefined,
});
const exec = defineCommand({
  name: "exec",
  summary: "x",
  description: "x",
  arguments: [
    { name: "name", description: "x", completes: "machine" },
    { name: "command", description: "x", variadic: true },
  ],
  passThrough: true,
  examples,
  action: async () => undefined,
});
const group = {
  name: "dns",
  summary: "x",
  description: "x",
  examples,
  commands: [
    defineCommand({ ...leaf, name: "serve" }),
    defineCommand({ ...leaf, name: "zone", options: {}, arguments: [] }),
  ],
};
const commands: Registry = [leaf, exec, group].map((command) => ({
  name: command.name,
  ...(command === leaf ? { aliases: ["boot"] } : {}),
  summary: command.summary,
  group: "Machines",
  load: async () => ({ command }),
}));

const directory = mkdtempSync(join(tmpdir(), "berth-completion-"));
afterAll(() => rmSync(directory, { recursive: true }));

// Answers what the real command would, and shows that a name is never run as shell code.
const berth = join(directory, "berth");
writeFileSync(
  berth,
  `#!/bin/sh
[ "$1" = __complete ] || exit 9
case "$2" in
machine) printf 'web\\trunning\\nweb2\\ndb\\n$(touch ${directory}/pwned)\\n' ;;
image) printf 'debian:12\\ndebian:13\\nalpine\\n' ;;
esac | { while IFS= read -r line; do case "$line" in "$3"*) printf '%s\\n' "$line" ;; esac; done; }
`,
);
chmodSync(berth, 0o755);

/**
 * What bash would offer: the words split as readline splits them, the function called as complete -F does.
 */
async function offered(line: string): Promise<readonly string[]> {
  const script = join(directory, "berth.bash");
  writeFileSync(script, renderBash(await loadCommandTree(commands)));
  const words = line.split(/\s+|(?<=[=:])|(?=[=:])/).filter((word) => word !== "");
  if (/\s$/.test(line)) words.push("");
  const driver = `source "$1"; [[ $(complete -p berth) == *"-F _berth"* ]] || exit 8
COMP_LINE=$2; COMP_POINT=\${#2}; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _berth; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = await tryRun("bash", ["-uc", driver, "bash", script, line, ...words], {
    env: { PATH: `${directory}:${process.env.PATH}` },
    cwd: directory,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((word) => word !== "");
}

describe("bash completes", () => {
  const table: readonly [string, readonly string[]][] = [
    ["berth ", ["up", "boot", "exec", "dns"]],
    ["berth d", ["dns"]],
    ["berth -f x --json d", ["dns"]],
    ["berth dns ", ["serve", "zone"]],
    ["berth up w", ["web", "web2"]],
    ["berth boot w", ["web", "web2"]],
    ["berth up db w", ["web", "web2"]],
    ["berth up $", [`$(touch ${directory}/pwned)`]],
    ["berth dns serve w", ["web", "web2"]],
    ["berth dns zone w", []],
    ["berth up --prof", ["--profile"]],
    ["berth up --sec", []],
    ["berth up --profile ", ["strict", "full"]],
    ["berth up --profile=s", ["strict"]],
    ["berth up --image debian:", ["12", "13"]],
    ["berth up --image=debian:1", ["12", "13"]],
    ["berth up --image=de", ["debian:12", "debian:13"]],
    ["berth up -i al", ["alpine"]],
    ["berth --format j", ["json"]],
    ["berth up --image dns w", ["web", "web2"]],
    ["berth exec w", ["web", "web2"]],
    ["berth exec web --j", []],
    ["berth --file berth.b", ["berth.bash"]],
  ];
  test.each(table)("%s", async (line, expected) => {
    expect(await offered(line)).toEqual(expected);
    expect(await Bun.file(join(directory, "pwned")).exists()).toBe(false);
  });
});

/** What each offers for a line, sorted; its own way of asking. */
const asked: readonly (readonly [line: string, expected: readonly string[]])[] = [
  ["berth d", ["dns"]],
  ["berth dns ", ["serve", "zone"]],
  ["berth up w", ["web", "web2"]],
  ["berth dns serve w", ["web", "web2"]],
  ["berth up --profile ", ["full", "strict"]],
  ["berth up -i al", ["alpine"]],
  ["berth --host x up w", ["web", "web2"]],
  ["berth --format j", ["json"]],
];

describe.skipIf(Bun.which("fish") === null)("fish completes (needs fish)", () => {
  test.each(asked)("%s", async (line, expected) => {
    const script = join(directory, "berth.fish");
    writeFileSync(script, renderFish(await loadCommandTree(commands)));
    const { stdout, stderr } = await tryRun(
      "fish",
      ["--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, script, line],
      {
        env: { PATH: `${directory}:${process.env.PATH}`, HOME: directory },
        cwd: directory,
      },
    );
    const words = stdout.split("\n").flatMap((found) => found.split("\t")[0] || []);
    expect([words.toSorted(), stderr]).toEqual([[...expected], ""]);
  });
});

// A terminal of its own, in which each line is typed, then Tab, then a key that writes down the line.
const zsh = String.raw`zmodload zsh/zpty; zpty -b terminal zsh -f -i
zpty -w terminal "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; setopt menu_complete; bindkey ^I complete-word
show() { print -r -- \"\$BUFFER\" > $1/typed.new; mv $1/typed.new $1/typed }; zle -N show; bindkey ^X show
ready() { : > $1/ready }; zle -N zle-line-init ready"
while [[ ! -e $1/ready ]]; do sleep 0.05; zpty -rt terminal >/dev/null; done
zpty -w -n terminal "$2"$'\t\x18'
while [[ ! -e $1/typed ]]; do sleep 0.05; zpty -rt terminal >/dev/null; done
print -r -- "$(<$1/typed)"; zpty -d terminal; rm $1/typed $1/ready`;

describe.skipIf(Bun.which("zsh") === null)("zsh completes (needs zsh)", () => {
  test.each(asked)("%s", async (line, expected) => {
    writeFileSync(join(directory, "_berth"), renderZsh(await loadCommandTree(commands)));
    const { stdout, stderr } = await tryRun("timeout", ["20", "zsh", "-fc", zsh, "zsh", directory, line], {
      env: { PATH: `${directory}:${process.env.PATH}`, HOME: directory, TERM: "xterm" },
      cwd: directory,
    });
    // With menu_complete it types the first that it offers.
    expect([stdout.trim(), stderr]).toEqual([`${line.replace(/\S*$/, "")}${expected[0]}`, ""]);
  });
});

const shells = [
  { shell: "bash", render: renderBash },
  { shell: "zsh", render: renderZsh },
  { shell: "fish", render: renderFish },
] as const;

describe.each(shells)("$shell", ({ shell, render }) => {
  test("has all commands, options and choices, and nothing hidden", async () => {
    const script = render(await loadCommandTree(commands));
    for (const word of [
      "up",
      "boot",
      "exec",
      "serve",
      "zone",
      "image",
      "profile",
      "strict",
      "no-color",
      "version",
    ])
      expect(script).toContain(word);
    expect(script).not.toContain("secret");
  });

  // Syntax is checked where the shell is installed; bash is everywhere the tests run.
  test.skipIf(Bun.which(shell) === null)(`the real script is valid (needs ${shell})`, async () => {
    const memory = memoryIo();
    expect(await run(["completion", shell], memory.io)).toBe(0);
    const file = join(directory, `real.${shell}`);
    writeFileSync(file, memory.stdout());
    expect(await tryRun(shell, ["-n", file])).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

test("berth __complete command", async () => {
  const memory = memoryIo();
  expect(await run(["__complete", "command", "comp"], memory.io, registry)).toBe(0);
  expect(memory.stdout()).toBe("completion\tPrint the completion script of a shell\n");
});

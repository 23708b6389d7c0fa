import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryRun } from "#host/process/run.ts";

setDefaultTimeout(60_000);
const directory = mkdtempSync(join(tmpdir(), "berth-main-"));
afterAll(() => rmSync(directory, { recursive: true }));

// The real main on a real process, with commands made for the purpose.
const program = join(directory, "program.ts");
const here = import.meta.dirname;
writeFileSync(
  program,
  `import { main } from ${JSON.stringify(join(here, "main.ts"))};
import { defineCommand } from ${JSON.stringify(join(here, "command.ts"))};
import { takeTerminal } from ${JSON.stringify(join(here, "../terminal/terminal.ts"))};
const command = (name, action) => {
  const command = defineCommand({ name, summary: name, description: name, examples: [{ command: name, description: name }], action });
  return { name, summary: name, group: "Other", load: async () => ({ command }) };
};
process.exit(await main(process.argv.slice(2), (status) => process.exit(status), [
  command("flood", async ({ item }) => {
    for (let line = 0; line < 2000; line += 1) await item({ line }, () => \`\${String(line).padStart(999, "x")}\\n\`);
  }),
  command("careless", async ({ io }) => {
    for (let line = 0; line < 2000; line += 1) io.stdout.write(\`\${String(line).padStart(999, "x")}\\n\`);
  }),
  command("polite", async ({ io, signal }) => {
    const alive = setInterval(() => undefined, 1000);
    io.stdout.write("ready\\n");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    clearInterval(alive);
    io.stdout.write("cleaned up\\n");
    throw signal.reason;
  }),
  command("failing", async ({ io, warn }) => {
    warn("a warning");
    io.stdout.write("ready\\n");
    throw new Error("failed");
  }),
  command("raw", async ({ io, signal }) => {
    const giveBack = takeTerminal(io, () => undefined, () => undefined);
    io.stdout.write("ready\\n");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    if (io.env.STUBBORN) await new Promise(() => undefined);
    giveBack();
  }),
  command("server", async ({ io, signal }) => {
    io.outlastSignals();
    const alive = setInterval(() => undefined, 1000);
    let signals = 0;
    process.on("SIGTERM", () => io.stdout.write(\`\${(signals += 1)}\\n\`));
    io.stdout.write("ready\\n");
    while (signals < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    clearInterval(alive);
    return 0;
  }),
  command("stubborn", async ({ io, signal }) => {
    setInterval(() => undefined, 1000);
    signal.addEventListener("abort", () => io.stdout.write("no\\n"));
    io.stdout.write("ready\\n");
    await new Promise(() => undefined);
  }),
]));
`,
);

const shell = (script: string) => tryRun("bash", ["-c", script, "bash", process.execPath, program]);

describe("standard output", () => {
  test.each(["flood", "careless"])("%s: nothing is lost to a slow reader", async (name) => {
    const { stdout, stderr } = await shell(`"$1" "$2" ${name} | { sleep 0.3; wc -c; }`);
    expect({ bytes: Number(stdout), stderr }).toEqual({ bytes: 2_000_000, stderr: "" });
  });

  test.each(["flood", "careless"])("%s: a reader that leaves ends it without a word", async (name) => {
    const { stdout, stderr } = await shell(`"$1" "$2" ${name} | head -c 3; echo " \${PIPESTATUS[0]}"`);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^xxx (141|0)\n$/);
  });

  describe.skipIf(process.platform !== "linux")("a full disk (needs Linux)", () => {
    test.each(["flood", "careless"])(
      "%s: ends it, with one sentence where there is room for it",
      async (name) => {
        const { status, stderr } = await shell(`"$1" "$2" ${name} > /dev/full`);
        expect({ status, said: stderr.match(/^berth: (?!warning).*/gm) }).toEqual({
          status: 1,
          said: [expect.stringMatching(/^berth: cannot write standard output: ENOSPC/)],
        });
      },
    );

    test.each(["flood", "careless", "failing"])(
      "%s: ends it where there is no room to say so",
      async (name) => {
        expect(await shell(`"$1" "$2" ${name} > /dev/full 2>&1`)).toMatchObject({ status: 1, stderr: "" });
      },
    );

    test.each(["failing --json", "--version", "-v", "--help", "nothing --json"])(
      "%s: says so on standard error",
      async (words) => {
        const { status, stderr } = await shell(`"$1" "$2" ${words} > /dev/full`);
        expect({ status: status > 0, lines: stderr.match(/^berth: (?!warning).*/gm)?.length }).toEqual({
          status: true,
          lines: 1,
        });
      },
    );

    test("of standard error: what is said there counts, too", async () => {
      expect((await shell(`"$1" "$2" failing 2> /dev/full`)).status).toBe(1);
    });
  });
});

describe("signals", () => {
  async function signalled(name: string, ...signals: readonly NodeJS.Signals[]) {
    // Both outputs in one, since their order counts.
    const child = spawn("bash", ["-c", 'exec "$@" 2>&1', "bash", process.execPath, program, name], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let output = "";
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    for (const [sent, signal] of signals.entries()) {
      // Two signals sent at once would arrive as one: each is answered with a line.
      while (output.split("\n").length <= sent + 1 && child.exitCode === null)
        await once(child.stdout, "data");
      child.kill(signal);
    }
    return { status: await ended, output };
  }

  test.each(["SIGINT", "SIGTERM"] as const)("%s lets the command clean up", async (signal) => {
    expect(await signalled("polite", signal)).toEqual({
      status: 130,
      output: `ready\ncleaned up\nberth: interrupted by ${signal}\n`,
    });
  });

  test("a second SIGINT ends at once", async () => {
    expect(await signalled("stubborn", "SIGINT", "SIGINT")).toEqual({ status: 130, output: "ready\nno\n" });
  });
});

/**
 * `begin NAME` runs a command in the background until it has said that it is ready; its standard output is
 * the file "$2.said".
 */
const begin = `
begin() { : >"$main.said"; "$program" "$main" "$@" >"$main.said" & until grep -q ready "$main.said"; do sleep 0.05; done; }
program=$1 main=$2
`;

describe("an end that is asked for", () => {
  test.each(["TERM", "HUP", "INT"])("a second SIG%s ends at once", async (signal) => {
    const again = `while kill -${signal} $! 2>/dev/null; do sleep 0.1; done; wait $!`;
    expect((await shell(`${begin} begin stubborn; ${again}`)).status).toBe(130);
  });

  test("one that is sent twice at once, as timeout(1) does, lets the command clean up", async () => {
    const { stdout } = await shell(
      `${begin} begin polite; kill -TERM $!; kill -TERM $!; wait $!; cat "$2.said"`,
    );
    expect(stdout).toBe("ready\ncleaned up\n");
  });

  test("a server sees to its end itself, however many there are", async () => {
    const thrice = `for n in 1 2 3; do kill -TERM $!; until grep -q $n "$2.said"; do sleep 0.05; done; sleep 0.4; done`;
    const { stdout, status } = await shell(`${begin} begin server; ${thrice}; wait $! && cat "$2.said"`);
    expect({ stdout, status }).toEqual({ stdout: "ready\n1\n2\n3\n", status: 0 });
  });

  test("a reader who takes nothing holds it up no longer than some seconds", async () => {
    const { status } = await shell(
      `mkfifo "$2.fifo"; exec 3<>"$2.fifo"; "$1" "$2" flood >&3 & ${listening}; kill -TERM $!; wait $!`,
    );
    expect(status).toBe(130);
  }, 20_000);
});

/** Until the process has a handler for SIGTERM: bit 14 of SigCgt (proc_pid_status(5)). */
const listening =
  "while ! (( 0x$(sed -n 's/^SigCgt:\\t//p' /proc/$!/status) & 0x4000 )); do sleep 0.05; done";

/**
 * Runs a command on ends of a kind, and says for its input and output whether they were non-blocking during
 * it, and after.
 */
const flagsProgram = `
use strict; use Fcntl; use POSIX ":sys_wait_h"; use Socket;
my ($kind, $signal, @command) = @ARGV;
my ($mine, $theirs, $source, $in);
pipe($in, $source);
if ($kind eq "pipe") { pipe($mine, $theirs) }
elsif ($kind eq "socket") { socketpair($mine, $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC); socketpair($source, $in, AF_UNIX, SOCK_STREAM, PF_UNSPEC) }
elsif ($kind eq "file") { open($theirs, "+>", "$command[1].out"); open($mine, "<", "$command[1].out") }
else { open($theirs, "+<", "/dev/tty"); $in = $theirs }
my $flags = sub { join "", map { fcntl($_, F_GETFL, 0) & O_NONBLOCK ? 1 : 0 } $in, $theirs };
my $pid = fork;
if (!$pid) { POSIX::dup2(fileno $in, 0); POSIX::dup2(fileno $theirs, $_) for 1, 2; exec @command }
fcntl($mine, F_SETFL, O_NONBLOCK) if $mine;
my ($seen, $text, $sent) = ("00", "", 0);
my $ended = 0;
while (!$ended) {
  $ended = waitpid($pid, WNOHANG) == $pid;
  my $status = $?;
  $seen = $flags->() if $flags->() ne "00";
  if ($mine) { 1 while sysread($mine, $text, 65536, length $text) }
  if (!$sent && $signal ne "none" && ($mine ? $text =~ /ready/ : !select(undef, undef, undef, 1))) { kill $signal, $pid; $sent = 1 }
  select undef, undef, undef, 0.005 unless $ended;
}
open(my $report, ">", "$command[1].report"); print $report "during $seen, after ", $flags->();
`;

describe.skipIf(process.platform !== "linux")(
  "the caller's own ends of what it gave us (needs Linux and perl)",
  () => {
    const kinds = ["pipe", "socket", "file", "terminal"];
    const ways = [
      ["flood", "none"],
      ["failing", "none"],
      ["polite", "INT"],
      ["polite", "TERM"],
      ["polite", "KILL"],
    ] as const;
    test.each(kinds.flatMap((kind) => ways.map(([name, signal]) => [kind, name, signal] as const)))(
      "a %s is never made non-blocking: %s, signal %s",
      async (kind, name, signal) => {
        const words = ["perl", "-e", flagsProgram, kind, signal, process.execPath, program, name];
        if (kind === "terminal")
          await tryRun("script", [
            "-qec",
            words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "),
            "/dev/null",
          ]);
        else await tryRun("setsid", words);
        expect(readFileSync(`${program}.report`, "utf8")).toBe("during 00, after 00");
      },
    );
  },
);

describe.skipIf(process.platform !== "linux")("a terminal that was taken (needs Linux and script)", () => {
  const modesAround = (ending: string) => `
STUBBORN=${ending.includes("sleep") ? "yes" : ""}; export STUBBORN; stty -icanon intr ^A; stty -g > ${program}.before; : >${program}.said
"${process.execPath}" "${program}" raw </dev/tty >${program}.said & until grep -q ready ${program}.said; do sleep 0.05; done
stty -g > ${program}.during
${ending}
wait $!; stty -g > ${program}.after`;
  test.each([
    ["SIGTERM", "kill -TERM $!"],
    ["SIGHUP", "kill -HUP $!"],
    ["SIGINT", "kill -INT $!"],
    ["SIGQUIT", "kill -QUIT $!"],
    ["SIGTERM twice", "kill -TERM $!; sleep 0.4; kill -TERM $!"],
  ])("is given back as it was after %s", async (_, ending) => {
    const held = spawn("script", ["-qec", `setsid -w -c bash -c '${modesAround(ending)}'`, "/dev/null"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    await once(held, "exit");
    const [before, during, after] = ["before", "during", "after"].map((time) =>
      readFileSync(`${program}.${time}`, "utf8"),
    );
    expect(during).not.toBe(before);
    expect(after).toBe(before);
  });
});

test("the binary's own file answers", async () => {
  const bin = join(here, "../../bin/berth.ts");
  expect(await tryRun(process.execPath, [bin, "--version"])).toMatchObject({ status: 0, stderr: "" });
  expect(await tryRun(process.execPath, [bin, "version", "--json"])).toMatchObject({ status: 0, stderr: "" });
  expect(await tryRun(process.execPath, [bin, "nothing"])).toMatchObject({ status: 2, stdout: "" });
});

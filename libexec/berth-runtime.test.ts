import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "#lab/until.ts";

const asRoot = process.getuid?.() === 0;

/** Writes down how it was called, byte for byte; $DO is what it does besides. */
const recorder = `#!/bin/sh
for word; do printf '%s\\0' "$word"; done >"$REC/real.argv"
tr '\\0' '\\n' </proc/$$/environ | sort >"$REC/real.environ"
for fd in /proc/$$/fd/*; do case $fd in */10) ;; *) echo "\${fd##*/} $(readlink "$fd")" ;; esac; done >"$REC/real.fds"
grep '^Sig\\|^Shd' /proc/$$/status | grep -v SigQ >"$REC/real.signals"
cat /proc/$$/limits >"$REC/real.limits"
eval "$DO"
exit "\${REAL_STATUS:-0}"
`;
const patcher = `#!/bin/sh
printf '%s\\0' "$@" >"$REC/berth.argv"
readlink /proc/$$/fd/0 >"$REC/berth.stdin"
exit "\${BERTH_STATUS:-0}"
`;

let directory = "";
let record = "";
let holder: ChildProcess | undefined;
/** The holder's /run, as this process reaches it. */
let run = "";

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "berth launcher "));
  copyFileSync(join(import.meta.dir, "berth-runtime"), join(directory, "berth-runtime"));
  for (const [name, text] of [
    ["berth", patcher],
    ["real", recorder],
  ] as const) {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o755);
  }
  chmodSync(join(directory, "berth-runtime"), 0o755);
  // The launcher's state lies in /run: here it gets one of its own.
  const script = "mount -t tmpfs tmpfs /run && echo ready && exec sleep 600";
  holder = spawn(
    "unshare",
    [
      ...(asRoot ? [] : ["--user", "--map-root-user"]),
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      script,
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  if (holder.stdout) await once(holder.stdout, "data");
  run = `/proc/${holder.pid}/root/run`;
});
afterAll(() => {
  holder?.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  record = mkdtempSync(join(directory, "record "));
});

interface Call {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly shell?: readonly string[];
  /** Runs before the launcher, in the shell that the launcher replaces. */
  readonly before?: string;
  readonly direct?: boolean;
  readonly cwd?: string;
}

function call({ words, env = {}, shell = ["dash"], before = ":", direct = false, cwd = directory }: Call) {
  const command = direct ? [join(directory, "real")] : [...shell, join(directory, "berth-runtime")];
  const enter = [
    "--target",
    String(holder?.pid),
    "--mount",
    ...(asRoot ? [] : ["--user", "--preserve-credentials"]),
    `--wd=${cwd}`,
  ];
  const result = spawnSync(
    "nsenter",
    [...enter, "--", "bash", "-c", `${before}; exec "$@"`, "bash", ...command, ...words],
    {
      env: {
        PATH: process.env.PATH ?? "",
        REC: record,
        DO: ":",
        BERTH_REAL_RUNTIME: join(directory, "real"),
        ...env,
      },
      encoding: "utf8",
    },
  );
  return {
    status: result.status,
    stdout: result.stdout,
    stderr: result.stderr,
    berth: recorded("berth.argv"),
    real: recorded("real.argv"),
  };
}

function recorded(name: string): string[] | undefined {
  const file = join(record, name);
  return existsSync(file) ? readFileSync(file, "utf8").split("\0").slice(0, -1) : undefined;
}

function bundleOf(args: readonly string[], name = "bundle"): string {
  const bundle = join(record, name);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, "config.json"), JSON.stringify({ process: { args }, root: { path: "rootfs" } }));
  return bundle;
}

function stateOf(root: string, id: string, signal = "37\n"): string {
  const state = join(run, "berth/runtime", root, id);
  mkdirSync(join(state, "host"), { recursive: true });
  writeFileSync(join(state, "stop-signal"), signal);
  writeFileSync(join(state, "machine-id"), "x");
  for (const name of ["container-manager", "container-uuid", "os-release"])
    writeFileSync(join(state, "host", name), "x");
  return state;
}

/** When a process has begun, as proc_pid_stat(5) has it. */
function startOf(process: ChildProcess | undefined): string | undefined {
  return readFileSync(`/proc/${process?.pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
}

const globals: readonly (readonly [string[], string, string])[] = [
  [[], "/run/real", ""],
  [["--root", "/r/a"], "/r/a", ""],
  [["--root=/r/a"], "/r/a", ""],
  [["-root", "/r/a"], "/r/a", ""],
  [["-root=/r/a"], "/r/a", ""],
  [["--root", "/r/with space"], "/r/with space", ""],
  [["--root", "create"], "CWD/create", ""],
  [["--log", "/l/x.json", "--log-format", "json", "--root", "/r/a", "--systemd-cgroup"], "/r/a", "/l/x.json"],
  [["--log=/l/x.json", "--log-format=json", "--debug", "--root=/r/a"], "/r/a", "/l/x.json"],
  [["-log", "kill", "-log-format", "delete", "-root", "/r/a"], "/r/a", "kill"],
  [
    ["--criu", "delete", "--rootless", "false", "--cgroup-manager", "systemd", "--log-level", "debug"],
    "/run/real",
    "",
  ],
];

describe("a container with an init", () => {
  test.each(globals)("%p: berth is told root %s and log %s", (words, root, log) => {
    const bundle = bundleOf(["/sbin/init"]);
    const all = [
      ...words,
      "create",
      "--bundle",
      bundle,
      "--pid-file",
      "/p/create",
      "--console-socket",
      "kill",
      "box",
    ];
    const { status, berth, real: called } = call({ words: all });
    expect(status).toBe(0);
    expect(called).toEqual(all);
    const given = root.replace("CWD", directory);
    const state = `/run/berth/runtime${given}/box`;
    expect(berth).toEqual([
      "runtime",
      "create",
      "--bundle",
      bundle,
      "--state",
      state,
      "--root",
      given,
      "--outer",
      "3",
      "--log",
      log,
      "--",
      "box",
    ]);
    expect(readFileSync(join(record, "berth.stdin"), "utf8")).toBe("/dev/null\n");
  });

  test("run says that no delete may follow", () => {
    const bundle = bundleOf(["/sbin/init"]);
    const [run, create] = ["run", "create"].map((verb) =>
      call({ words: [verb, "--bundle", bundle, "box"] }).berth?.join(" "),
    );
    expect([run?.includes("--alone yes"), create?.includes("--alone")]).toEqual([true, false]);
  });

  test.each(["create", "kill", "delete", "run", "0123", "a_b.c+d-e", "init"])("called %s", (id) => {
    const bundle = bundleOf(["/sbin/init"]);
    expect(call({ words: ["create", "--bundle", bundle, id] }).berth?.at(-1)).toBe(id);
    expect(call({ words: ["run", "-d", "--bundle", bundle, "--", id] }).berth?.at(-1)).toBe(id);
  });

  test.each([["--bundle"], ["-bundle"], ["-b"]])("bundle by %s", (flag) => {
    const bundle = bundleOf(["/sbin/init"], "a bundle");
    expect(call({ words: ["create", flag, bundle, "box"] }).berth?.[3]).toBe(bundle);
    expect(call({ words: ["create", "--no-pivot", `${flag}=${bundle}`, "box"] }).berth?.[3]).toBe(bundle);
    expect(call({ words: ["create", "box", flag, bundle] }).berth?.[3]).toBe(bundle);
  });

  test("the bundle is the working directory unless told", () => {
    const { berth } = call({ words: ["create", "box"], cwd: bundleOf(["/sbin/init"]) });
    expect(berth?.slice(2, 4)).toEqual(["--bundle", "."]);
  });

  test.each([
    ["/sbin/init"],
    ["/lib/systemd/systemd", "--log-level=debug"],
    ["/bin/busybox", "init"],
    ["/sbin/openrc-init"],
    ["/sbin/runit"],
    ["/sbin/runit-init"],
    ["/etc/s6-linux-init/current/bin/init"],
    ["/bin/s6-linux-init"],
  ] as string[][])("%p is one, however the JSON is written", (...args: string[]) => {
    const bundle = bundleOf(args);
    expect(call({ words: ["create", "-b", bundle, "box"] }).berth).toBeDefined();
    rmSync(join(record, "berth.argv"));
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ process: { args } }, null, 4).replaceAll("/", "\\/"),
    );
    expect(call({ words: ["create", "-b", bundle, "box"] }).berth).toBeDefined();
  });

  test.each([1, 5, 130])(
    "when berth fails with %d, so does create, and the real runtime is not run",
    (status) => {
      const result = call({
        words: ["create", "-b", bundleOf(["/sbin/init"]), "box"],
        env: { BERTH_STATUS: String(status) },
      });
      expect(result.status).toBe(status);
      expect(result.real).toBeUndefined();
    },
  );
});

describe("everything else goes through untouched", () => {
  test.each([
    [["sleep", "1"]],
    [["/init"]],
    [["/docker-init-ish"]],
    [["/sbin/docker-init", "--", "sh"]],
    [["/bin/s6-svscan"]],
    [["sh", "-c", "init 6"]],
  ])("create of %p", (args) => {
    const bundle = bundleOf(args);
    const before = readFileSync(join(bundle, "config.json"));
    const words = ["--root", "/r/a", "create", "--bundle", bundle, "box"];
    const result = call({ words, env: { REAL_STATUS: "7" } });
    expect(result).toMatchObject({ status: 7, real: words, stdout: "", stderr: "" });
    // "/init" may still be a machine, which berth itself tells; no other is.
    expect(result.berth !== undefined).toBe(args[0] === "/init");
    expect(readFileSync(join(bundle, "config.json"))).toEqual(before);
  });

  test("but berth is told of what an earlier start has left, for it to clear", () => {
    const bundle = bundleOf(["sleep", "1"]);
    const words = ["--root", "/r/left", "create", "--bundle", bundle, "box"];
    expect(call({ words }).berth).toBeUndefined();
    stateOf("/r/left", "box");
    expect(call({ words })).toMatchObject({
      status: 0,
      real: words,
      berth: expect.arrayContaining(["/run/berth/runtime/r/left/box"]),
    });
  });

  test("create without a config.json", () => {
    expect(call({ words: ["create", "--bundle", join(record, "none"), "box"] })).toMatchObject({
      status: 0,
      berth: undefined,
      stderr: "",
    });
  });

  test.each([
    [["state", "create"]],
    [["start", "box"]],
    [["exec", "--process", "/p", "create", "/sbin/init"]],
    [["--root", "/r/a", "ps", "box"]],
    [["--version"]],
    [["--root", "create", "list"]],
    [["create"]],
    [["create", ""]],
    [["create", "../box"]],
    [["create", ".."]],
    [["kill"]],
    [["kill", "a/b"]],
    [["delete", "--force"]],
    [[]],
    [["", " ", "*", "a\nb", "'"]],
  ])("%p", (words) => {
    const bundle = bundleOf(["/sbin/init"]);
    expect(call({ words, cwd: bundle })).toMatchObject({
      status: 0,
      real: words,
      berth: undefined,
      stdout: "",
      stderr: "",
    });
  });

  test("a real runtime that is not there is the shell's usual 127", () => {
    expect(call({ words: ["state", "x"], env: { BERTH_REAL_RUNTIME: "/nowhere/runc" } }).status).toBe(127);
  });
});

describe("kill", () => {
  const at = ["--root", "/r/kill"];
  beforeAll(() => {
    for (const id of ["box", "kill", "15", "TERM"]) stateOf("/r/kill", id);
    stateOf("/r/kill", "torn", "");
  });

  test.each([
    [
      ["kill", "box"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "box", "15"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "box", "TERM"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "box", "SIGTERM"],
      ["kill", "box", "37"],
    ],
    [
      ["kill", "--", "box", "15"],
      ["kill", "--", "box", "37"],
    ],
    [
      ["kill", "kill", "15"],
      ["kill", "kill", "37"],
    ],
    [
      ["kill", "15"],
      ["kill", "15", "37"],
    ],
    [
      ["kill", "15", "15"],
      ["kill", "15", "37"],
    ],
    [
      ["kill", "TERM", "TERM"],
      ["kill", "TERM", "37"],
    ],
    [
      ["kill", "box", "15", "--regex"],
      ["kill", "box", "37", "--regex"],
    ],
    [["kill", "box", "9"], undefined],
    [["kill", "box", "KILL"], undefined],
    [["kill", "box", "37"], undefined],
    [["kill", "box", "1"], undefined],
    [["kill", "box", "5"], undefined],
    [["kill", "--all", "box", "15"], undefined],
    [["kill", "-a", "box", "TERM"], undefined],
    [["kill", "-a", "box", "5"], undefined],
    [["kill", "--all", "box"], undefined],
    [["kill", "other", "15"], undefined],
    [["kill", "other"], undefined],
    [["kill", "torn", "15"], undefined],
  ])("%p becomes %p", (words, expected) => {
    const result = call({ words: [...at, ...words] });
    expect(result).toMatchObject({
      status: 0,
      real: [...at, ...(expected ?? words)],
      stdout: "",
      stderr: "",
    });
  });

  test("of another root's container of the same name is untouched", () => {
    expect(call({ words: ["--root", "/r/other", "kill", "box", "15"] }).real?.at(-1)).toBe("15");
  });

  test("each default root is its own runtime's", () => {
    stateOf("/run/real", "mine");
    stateOf("/run/runc", "theirs");
    expect(call({ words: ["kill", "mine", "15"] }).real?.at(-1)).toBe("37");
    expect(call({ words: ["kill", "theirs", "15"] }).real?.at(-1)).toBe("15");
  });
});

describe("exec", () => {
  const words = (...flags: string[]) => ["--root", "/r/exec", "exec", ...flags];
  beforeAll(() => {
    stateOf("/r/exec", "whole");
    writeFileSync(join(stateOf("/r/exec", "lacks"), "lacking"), "CAP_SYS_RESOURCE\n");
    writeFileSync(join(stateOf("/r/exec", "isolated"), "capabilities"), "CAP_SYS_ADMIN\n");
  });

  test.each([
    [["--process", "/p/x"]],
    [["--process=/p/x"]],
    [["-p", "/p/x"]],
    [["--pid-file", "/p/y", "--process", "/p/x", "-d"]],
  ])("%p of a machine whose host lacks capabilities: berth takes them from the process first", (flags) => {
    const { berth, real } = call({ words: words(...flags, "lacks") });
    const state = "/run/berth/runtime/r/exec/lacks";
    expect(berth).toEqual([
      "runtime",
      "exec",
      "--process",
      "/p/x",
      "--state",
      state,
      "--log",
      "",
      "--",
      "lacks",
    ]);
    expect(real).toEqual(words(...flags, "lacks"));
  });

  test("of a machine in a user namespace: berth gives the process the machine's", () => {
    const { berth, real } = call({ words: words("--process", "/p/x", "isolated") });
    expect(berth?.slice(0, 6)).toEqual([
      "runtime",
      "exec",
      "--process",
      "/p/x",
      "--state",
      "/run/berth/runtime/r/exec/isolated",
    ]);
    expect(real).toEqual(words("--process", "/p/x", "isolated"));
  });

  test.each([
    [["--process", "/p/x", "whole"]],
    [["--process", "/p/x", "stranger"]],
    [["lacks", "ls"]],
    [["lacks", "cp", "-p", "x", "y"]],
  ])("%p goes through untouched", (rest) => {
    const { berth, real } = call({ words: words(...rest) });
    expect(berth).toBeUndefined();
    expect(real).toEqual(words(...rest));
  });

  test("detached, in a process group of its own, with its status", () => {
    const group = 'for pid in $$ $PPID; do cut -d" " -f5 </proc/$pid/stat; done >"$REC/group"; exit 7';
    expect(call({ words: words("--detach", "whole", "ls"), env: { DO: group } })).toMatchObject({
      status: 7,
      stderr: "",
    });
    const [own, parents] = readFileSync(join(record, "group"), "utf8").trim().split(/\s+/);
    expect(own).toBe(String(parents));
    expect(own).not.toBe(readFileSync("/proc/self/stat", "utf8").split(" ")[4] ?? "");
  });

  test("in the foreground it takes as long as it takes, whatever options its own command has", () => {
    const parent = 'readlink "/proc/$PPID/exe" >"$REC/parent"';
    call({ words: words("whole", "sort", "-d", "--detach"), env: { DO: parent } });
    expect(readFileSync(join(record, "parent"), "utf8")).not.toContain("timeout");
    call({ words: words("-d", "whole", "sort"), env: { DO: parent } });
    expect(readFileSync(join(record, "parent"), "utf8")).toContain("timeout");
  });

  test("detached, that is killed as it takes too long, is said in the log as the engine reads it", () => {
    const log = join(directory, "exec.log");
    expect(
      call({ words: ["--log", log, ...words("-d", "whole", "ls")], env: { DO: "kill -KILL $$" } }).status,
    ).toBe(137);
    expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
      level: "error",
      msg: "the command's start was killed, at the latest after 60 s: the machine may have frozen or limited its own init",
    });
  });
});

describe.skipIf(!asRoot)("a machine in another container's network (needs root)", () => {
  let owner: ChildProcess | undefined;
  let network = "";
  beforeAll(async () => {
    // A machine gives its init any name.
    const odd = join(directory, "x) Z (1\n) 2 3");
    copyFileSync("/bin/sleep", odd);
    owner = spawn("unshare", ["--net", "sh", "-c", 'echo ready; exec "$0" 600', odd], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (owner.stdout) await once(owner.stdout, "data");
    network = readlinkSync(`/proc/${owner.pid}/ns/net`);
  });
  afterAll(() => {
    owner?.kill("SIGKILL");
  });
  const stateIn = (id: string) => {
    const state = stateOf("/r/net", id);
    writeFileSync(join(state, "network"), `/proc/${owner?.pid}/ns/net\n`);
    writeFileSync(join(state, "pid"), `${owner?.pid}\n`);
    writeFileSync(join(state, "ids"), "3 1\n");
    return state;
  };
  const env = { DO: 'readlink /proc/self/ns/net >"$REC/real.network"' };
  const real = (words: readonly string[]) => {
    const result = call({ words: ["--root", "/r/net", ...words], env });
    expect(result).toMatchObject({ status: 0, stderr: "", real: ["--root", "/r/net", ...words] });
    return readFileSync(join(record, "real.network"), "utf8").trim();
  };

  test("its runtime makes it there, and runs its commands there", () => {
    stateIn("box");
    expect(real(["create", "-b", bundleOf(["/sbin/init"]), "box"])).toBe(network);
    expect(real(["exec", "--process", "/p/x", "box"])).toBe(network);
  });

  test("and does all else where it is, as with other machines", () => {
    stateIn("box");
    const own = readlinkSync("/proc/self/ns/net");
    for (const words of [
      ["state", "box"],
      ["start", "box"],
      ["kill", "box", "9"],
    ])
      expect(real(words)).toBe(own);
    stateOf("/r/net", "other");
    expect(real(["create", "-b", bundleOf(["/sbin/init"]), "other"])).toBe(own);
    expect(real(["exec", "other", "ls"])).toBe(own);
  });

  test("a command for a machine whose number another process has by now is the real runtime's to refuse; one of before starts were written down runs", () => {
    const state = stateIn("again");
    for (const [begun, where] of [
      [startOf(owner), network],
      ["1", readlinkSync("/proc/self/ns/net")],
      ["", network],
    ] as const) {
      writeFileSync(join(state, "pid"), `${owner?.pid}\n${begun}\n`);
      expect(real(["exec", "again", "ls"])).toBe(where);
    }
  });

  test("a command for a machine that has ended is the real runtime's to refuse", () => {
    writeFileSync(join(stateIn("ended"), "pid"), "999999999\n");
    expect(real(["exec", "ended", "ls"])).toBe(readlinkSync("/proc/self/ns/net"));
  });
});

describe.skipIf(!asRoot)("start (needs root)", () => {
  const words = ["--root", "/r/start", "start", "box"];
  const machine = (...files: readonly string[]) => {
    const guest = spawn("unshare", ["--mount", "--propagation", "private", "sleep", "600"], {
      stdio: "ignore",
    });
    const state = stateOf("/r/start", "box");
    for (const name of files)
      writeFileSync(join(state, name), name === "pid" ? `${guest.pid}\n${startOf(guest)}\n` : "");
    return guest;
  };
  const shared = (guest: ChildProcess) =>
    readFileSync(`/proc/${guest.pid}/mountinfo`, "utf8").match(/ \/ \/ .* shared:\d+ .*- /) !== null;
  afterEach(() => rmSync(join(run, "berth/runtime/r/start/box"), { recursive: true }));

  test.each([
    ["shares a machine's mounts before it starts, by a program of the host's", ["pid", "shared"], true],
    ["leaves those of a machine that may not share them", ["pid"], false],
  ])("%s", async (_, files, expected) => {
    const guest = machine(...files);
    await until(async () => readlinkSync(`/proc/${guest.pid}/ns/mnt`) !== readlinkSync("/proc/self/ns/mnt"));
    expect(call({ words })).toMatchObject({ status: 0, stderr: "", real: words });
    expect(shared(guest)).toBe(expected);
    guest.kill("SIGKILL");
  });

  test("fails where they cannot be shared, and says so to the engine", () => {
    const guest = machine("pid", "shared");
    writeFileSync(join(directory, "mount"), "#!/bin/sh\nexit 32\n", { mode: 0o755 });
    const log = join(record, "log");
    const env = { PATH: `${directory}:${process.env.PATH}` };
    expect(call({ words: ["--log", log, ...words], env })).toMatchObject({ status: 1, real: undefined });
    expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
      level: "error",
      msg: "the machine's mounts could not be shared: mount ended with 32, at the latest after 10 s",
    });
    rmSync(join(directory, "mount"));
    guest.kill("SIGKILL");
  });
});

describe("kill and delete, of a machine that may hold some of itself", () => {
  const end = ["runtime", "end", "--state", "/run/berth/runtime/r/held/box", "--log", "", "--", "box"];
  const hold = (file: "freezer" | "limits") => {
    const state = stateOf("/r/held", "box");
    writeFileSync(join(state, file), "/run/held/box\n");
    return state;
  };
  afterEach(() => rmSync(join(run, "berth/runtime/r/held"), { recursive: true, force: true }));

  test.each([
    [["kill", "box", "9"]],
    [["kill", "box", "KILL"]],
    [["kill", "box", "SIGKILL"]],
    [["delete", "--force", "box"]],
    [["delete", "-f", "box"]],
    [["delete", "-force=true", "box"]],
  ])("%p has berth end what is left of it, and has the real runtime's status", (verb) => {
    for (const file of ["freezer", "limits"] as const) {
      hold(file);
      const words = ["--root", "/r/held", ...verb];
      expect(call({ words, env: { REAL_STATUS: "3" } })).toMatchObject({
        status: 3,
        real: words,
        stderr: "",
        berth: end,
      });
    }
  });

  test("of one that runs on nothing is ended before it has had a second", () => {
    const state = hold("limits");
    const running = spawn("sleep", ["600"], { stdio: "ignore" });
    writeFileSync(join(state, "pid"), `${running.pid}\n${startOf(running)}\n`);
    const began = performance.now();
    expect(call({ words: ["--root", "/r/held", "kill", "box", "9"] }).berth).toEqual(end);
    expect(performance.now() - began).toBeGreaterThan(1000);
    running.kill("SIGKILL");
  });

  test.each([
    ["a machine that has ended", "", ["kill", "box", "9"]],
    ["a machine whose init waits to be reaped", "Z", ["delete", "--force", "box"]],
  ] as const)("%s is not looked at any more, however many cgroups it has left", async (_, kind, verb) => {
    const state = hold("limits");
    // Its parent never asks what has become of it.
    const parent = spawn("sh", ["-c", "sleep 600 & echo $!; exec sleep 600"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [line] = parent.stdout === null ? [] : await once(parent.stdout, "data");
    const pid = Number(String(line));
    const begun = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
    writeFileSync(join(state, "pid"), kind === "" ? "999999999\n" : `${pid}\n${begun}\n`);
    await until(async () => readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n");
    process.kill(pid, "SIGKILL");
    await until(async () => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z "));
    expect(call({ words: ["--root", "/r/held", ...verb] })).toMatchObject({
      status: 0,
      stderr: "",
      berth: undefined,
    });
    parent.kill("SIGKILL");
  });

  test.each([
    ["another signal", ["kill", "box", "10"]],
    ["a delete without force", ["delete", "box"]],
  ] as const)("%s ends nothing", (_, verb) => {
    hold("freezer");
    const words = ["--root", "/r/held", ...verb];
    expect(call({ words })).toMatchObject({ status: 0, real: words, stderr: "", berth: undefined });
  });
});

describe.skipIf(!asRoot)("the mount namespace of a machine's runtime (needs root)", () => {
  const engine = () => readlinkSync(`/proc/${holder?.pid}/ns/mnt`);
  /**
   * Where berth and the real runtime were, and whether the latter was left a descriptor of the engine's
   * namespace.
   */
  const seen = (isIsolated: boolean, args: readonly string[] = ["/sbin/init"]) => {
    const state = stateOf("/r/staged", "box");
    if (isIsolated) writeFileSync(join(state, "ids"), "3 1\n");
    const note =
      'readlink /proc/self/ns/mnt >"$REC/real.mounts"; pwd >"$REC/real.directory"; ls -l /proc/$$/fd >"$REC/real.descriptors"';
    const bundle = bundleOf(args);
    const result = call({
      words: ["--root", "/r/staged", "create", "-b", bundle, "box"],
      env: { DO: note },
      cwd: bundle,
    });
    rmSync(state, { recursive: true });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    const read = (name: string) => readFileSync(join(record, name), "utf8").trim();
    return {
      berth: result.berth,
      mounts: read("real.mounts"),
      directory: read("real.directory"),
      descriptors: read("real.descriptors"),
      bundle,
    };
  };

  test("is one of its own for a machine in a user namespace, which no descriptor leads out of", () => {
    const { berth, mounts, directory, descriptors, bundle } = seen(true);
    expect(berth).toContain("--outer");
    expect(mounts).toStartWith("mnt:");
    expect(mounts).not.toBe(engine());
    expect(directory).toBe(bundle);
    expect(descriptors).not.toContain("mnt:");
  });

  test("is the engine's for another, which begins in the same directory", () => {
    const { mounts, directory, descriptors, bundle } = seen(false);
    expect(mounts).toBe(engine());
    expect(directory).toBe(bundle);
    expect(descriptors).not.toContain("mnt:");
  });

  test("what is mounted there is seen nowhere else", () => {
    const text = patcher.replace(
      "exit ",
      "mkdir -p /run/inner; mount -t tmpfs x /run/inner; grep -c /run/inner /proc/self/mountinfo >$REC/inner; exit ",
    );
    writeFileSync(join(directory, "berth"), text);
    try {
      seen(true);
    } finally {
      writeFileSync(join(directory, "berth"), patcher);
    }
    expect(readFileSync(join(record, "inner"), "utf8")).toBe("1\n");
    expect(readFileSync(`/proc/${holder?.pid}/mountinfo`, "utf8")).not.toContain("/run/inner");
  });

  test("a descriptor of the engine's own is not taken for it", () => {
    stateOf("/r/staged", "box");
    const words = ["--root", "/r/staged", "create", "-b", bundleOf(["/sbin/init"]), "box"];
    const { berth, status } = call({ words, before: "exec 3</dev/null 4</dev/null 6</dev/null" });
    expect(status).toBe(0);
    expect(berth?.[(berth?.indexOf("--outer") ?? 0) + 1]).toBe("5");
  });
});

test("the server of mirrors is started ahead for a machine that may get one, once there have been any", () => {
  writeFileSync(join(directory, "berth"), `#!/bin/sh\n[ "$2" != mirror ] || echo served >"$REC/served"`);
  const directoryOfMirrors = join(run, "berth/mirror");
  const isServed = (env: readonly string[], linux: object = { maskedPaths: ["/proc/kcore"] }) => {
    const bundle = bundleOf(["/sbin/init"]);
    writeFileSync(
      join(bundle, "config.json"),
      JSON.stringify({ process: { args: ["/sbin/init"], env }, root: { path: "rootfs" }, linux }),
    );
    // Whatever it starts has this descriptor, and so is waited for.
    expect(call({ words: ["create", "-b", bundle, "box"], before: "exec 9>&1" }).status).toBe(0);
    const served = join(record, "served");
    if (!existsSync(served)) return false;
    rmSync(served);
    return true;
  };
  try {
    expect(isServed([])).toBe(false);
    mkdirSync(directoryOfMirrors, { recursive: true });
    expect([[], ["BERTH_PROFILE="], ["BERTH_PROFILE=full"]].map((env) => isServed(env))).toEqual([
      true,
      true,
      true,
    ]);
    expect([
      isServed(["BERTH_PROFILE=strict"]),
      isServed(["BERTH_PROFILE=privileged"], {}),
      isServed([], {}),
    ]).toEqual([false, false, false]);
    writeFileSync(join(directoryOfMirrors, "socket"), "");
    expect(isServed([])).toBe(false);
  } finally {
    rmSync(directoryOfMirrors, { recursive: true, force: true });
    writeFileSync(join(directory, "berth"), patcher);
  }
});

test("the server of mirrors is not started again where berth has been removed", () => {
  writeFileSync(join(directory, "berth"), `#!/bin/sh\necho "$*" >>"$REC/served"; rm "$0"; kill -KILL $$`);
  try {
    expect(call({ words: ["mirror"], shell: ["timeout", "20", "dash"] }).status).not.toBe(124);
  } finally {
    writeFileSync(join(directory, "berth"), patcher);
    chmodSync(join(directory, "berth"), 0o755);
  }
  expect(readFileSync(join(record, "served"), "utf8")).toBe("runtime mirror\n");
}, 30_000);

test("the server of mirrors is started again until it ends by itself", () => {
  const text = `#!/bin/sh
    echo "$*" >>"$REC/served"
    [ "$(wc -l <"$REC/served")" -eq 3 ] || kill -KILL $$`;
  writeFileSync(join(directory, "berth"), text);
  try {
    expect(call({ words: ["mirror"] })).toMatchObject({ status: 0, real: undefined });
  } finally {
    writeFileSync(join(directory, "berth"), patcher);
  }
  expect(readFileSync(join(record, "served"), "utf8")).toBe("runtime mirror\n".repeat(3));
});

describe("delete", () => {
  const words = ["--root", "/run/roots/a b", "delete", "--force", "box"];
  beforeEach(() => mkdirSync(join(run, "roots/a b/box"), { recursive: true }));

  test.each(["0", "3"])("removes the state when the container is gone; status %s", (status) => {
    const state = stateOf("/run/roots/a b", "box");
    expect(call({ words, env: { DO: 'rmdir "/run/roots/a b/box"', REAL_STATUS: status } })).toMatchObject({
      status: Number(status),
      real: words,
      stderr: "",
    });
    expect(existsSync(state)).toBe(false);
  });

  test("has a runtime forget a machine of which it could not remove all cgroups", () => {
    const state = stateOf("/run/roots/a b", "box");
    mkdirSync(join(run, "left/cgroup/below"), { recursive: true });
    writeFileSync(join(state, "cgroups"), "/run/left/cgroup\n");
    writeFileSync(join(state, "pid"), "999999999\n");
    const DO = '[ ! -d /run/left/cgroup ] || exit 1; rmdir "/run/roots/a b/box"';
    writeFileSync(join(directory, "berth"), `${patcher.split("exit")[0]}rm -r /run/left/cgroup`);
    const berth = [
      "runtime",
      "rmdir",
      "--state",
      "/run/berth/runtime/run/roots/a b/box",
      "--log",
      "",
      "--",
      "box",
    ];
    try {
      expect(call({ words, env: { DO } })).toMatchObject({ status: 0, real: words, stderr: "", berth });
    } finally {
      writeFileSync(join(directory, "berth"), patcher);
    }
    expect(existsSync(state)).toBe(false);
  });

  test("gives the engine its own mount back before the state of a machine that has a mirror goes", () => {
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "mirror"), "{}");
    const { berth, status } = call({ words, env: { DO: 'rmdir "/run/roots/a b/box"' } });
    expect(status).toBe(0);
    expect(berth).toEqual([
      "runtime",
      "delete",
      "--state",
      "/run/berth/runtime/run/roots/a b/box",
      "--log",
      "",
      "--",
      "box",
    ]);
    expect(existsSync(state)).toBe(false);
  });

  test("a machine's own hook does the same, where none may follow, and delete finds nothing left to do", () => {
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "mirror"), "{}");
    const place = "/run/berth/runtime/run/roots/a b/box";
    for (const _ of ["there", "gone"])
      expect(call({ words: ["clear", place] })).toMatchObject({ status: 0, stderr: "", real: undefined });
    expect(recorded("berth.argv")).toEqual(["runtime", "delete", "--state", place, "--log", "", "--", "box"]);
    expect(existsSync(state)).toBe(false);
    stateOf("/run/roots/a b", "box");
    const hook = `'${join(directory, "berth-runtime")}' clear '${place}'`;
    expect(call({ words, env: { DO: `rmdir "/run/roots/a b/box"; ${hook}` } })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test("asks for no such thing where there is no mirror, or the container is still there", () => {
    stateOf("/run/roots/a b", "box");
    expect(call({ words, env: { DO: 'rmdir "/run/roots/a b/box"' } }).berth).toBeUndefined();
    mkdirSync(join(run, "roots/a b/box"), { recursive: true });
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "mirror"), "{}");
    expect(call({ words, env: { REAL_STATUS: "1" } })).toMatchObject({ status: 1, berth: undefined });
    expect(existsSync(join(state, "mirror"))).toBe(true);
    rmSync(state, { recursive: true });
  });

  test("keeps it when the container is still there", () => {
    const state = stateOf("/run/roots/a b", "box");
    expect(call({ words, env: { REAL_STATUS: "1" } }).status).toBe(1);
    for (const file of ["stop-signal", "machine-id", "host/os-release"])
      expect(existsSync(join(state, file))).toBe(true);
  });

  test("leaves what is not ours", () => {
    const state = stateOf("/run/roots/a b", "box");
    writeFileSync(join(state, "foreign"), "");
    expect(call({ words, env: { DO: 'rmdir "/run/roots/a b/box"' } }).status).toBe(0);
    expect(existsSync(join(state, "foreign"))).toBe(true);
    expect(existsSync(join(state, "stop-signal"))).toBe(false);
    rmSync(state, { recursive: true });
  });

  /** The state of a machine in a user namespace, with its stage's place. */
  const isolated = () => {
    const state = stateOf("/run/roots/a b", "box");
    for (const name of [
      "lacking",
      "capabilities",
      "ids",
      "root",
      "pid",
      "freezer",
      "limits",
      "cgroups",
      "hostname",
      "network",
    ])
      writeFileSync(join(state, name), "x");
    mkdirSync(join(state, "stage/root"), { recursive: true });
    return state;
  };
  const gone = 'rmdir "/run/roots/a b/box"';

  test("removes all of a machine in a user namespace", () => {
    const state = isolated();
    expect(call({ words, env: { DO: gone } })).toMatchObject({ status: 0, stderr: "" });
    expect(existsSync(state)).toBe(false);
  });

  test.skipIf(!asRoot)("detaches a stage that is still mounted, and what it shows stays (needs root)", () => {
    const state = isolated();
    const stage = "/run/berth/runtime/run/roots/a b/box/stage";
    const before = `mkdir -p /run/layers && echo dear >/run/layers/letter && mount -t tmpfs x "${stage}" && mkdir "${stage}/root" && mount --bind /run/layers "${stage}/root"`;
    expect(call({ words, env: { DO: gone }, before })).toMatchObject({ status: 0, stderr: "" });
    expect(existsSync(state)).toBe(false);
    expect(readFileSync(join(run, "layers/letter"), "utf8")).toBe("dear\n");
    expect(readFileSync(`/proc/${holder?.pid}/mountinfo`, "utf8")).not.toContain("/stage");
  });

  test("what is in the stage's place without being mounted is never removed", () => {
    const state = isolated();
    writeFileSync(join(state, "stage/root/precious"), "");
    expect(call({ words, env: { DO: gone } }).status).toBe(0);
    expect(existsSync(join(state, "stage/root/precious"))).toBe(true);
    rmSync(state, { recursive: true });
  });

  /** rm and rmdir that take one thing after the other, and the launcher's life after so many. */
  const deadly = (step: number) => {
    const programs = mkdtempSync(join(record, "programs "));
    for (const name of ["rm", "rmdir"]) {
      const text = `#!/bin/sh
        PATH=\${PATH#*:}; option=; [ "$1" != -f ] || { option=-f; shift; }
        for place; do
          ${name} $option "$place"; echo x >>"$REC/steps"
          [ "$(wc -l <"$REC/steps")" -lt ${step} ] || { kill -KILL $PPID; exit; }
        done`;
      writeFileSync(join(programs, name), text);
      chmodSync(join(programs, name), 0o755);
    }
    return `${programs}:${process.env.PATH}`;
  };

  test("killed after any step it leaves a state that is found, or nothing but a directory", () => {
    let step = 0;
    for (let status: number | null = null; status !== 0; ) {
      step += 1;
      const state = isolated();
      mkdirSync(join(run, "roots/a b/box"), { recursive: true });
      rmSync(join(record, "steps"), { force: true });
      status = call({ words, env: { PATH: deadly(step), DO: gone } }).status;
      const left = existsSync(state) ? readdirSync(state) : [];
      expect([step, left.length === 0 || left.includes("stop-signal")]).toEqual([step, true]);
      rmSync(state, { recursive: true, force: true });
    }
    // All of its files and directories, one by one.
    expect(step).toBeGreaterThan(15);
  }, 20_000);

  test("of a container without a state goes through", () => {
    expect(call({ words: ["delete", "plain"], env: { REAL_STATUS: "4" } })).toMatchObject({
      status: 4,
      real: ["delete", "plain"],
      stderr: "",
    });
  });
});

describe.skipIf(!asRoot)("the hook of a machine in a user namespace (needs root)", () => {
  const base = 1_879_048_192;
  const id = "0a1b2c3d4e5f";
  const state = `/run/settled/${id}`;
  const stage = `${state}/stage`;
  let sleeper: ChildProcess | undefined;
  /** What the runtime writes to the hook's standard input. */
  const stdin = (rest: object = {}) =>
    JSON.stringify({ ociVersion: "1.0.2", id, status: "creating", pid: sleeper?.pid, bundle: "/b", ...rest });
  const inNamespace = (command: readonly string[], input = "") =>
    spawnSync("nsenter", [`--target=${holder?.pid}`, "--mount", "--", ...command], {
      input,
      encoding: "utf8",
    });
  const shell = (script: string) =>
    expect(inNamespace(["sh", "-ec", script])).toMatchObject({ status: 0, stderr: "" });
  const settle = (input = stdin(), named = "/run/named", unified = "/run/unified", controllers = "") =>
    inNamespace(
      [
        "dash",
        join(directory, "berth-runtime"),
        "settle",
        stage,
        String(base),
        named,
        unified,
        "",
        controllers,
        "2000",
        "14",
      ],
      input,
    );
  const isMounted = () => readFileSync(`/proc/${holder?.pid}/mountinfo`, "utf8").includes(` ${stage} `);
  /** What belongs to the machine's root now. */
  const given = () =>
    inNamespace([
      "find",
      "/run/named",
      "/run/unified",
      "/run/memory",
      "/run/freezer",
      "-uid",
      String(base),
      "-gid",
      String(base),
    ]).stdout;
  beforeAll(() => {
    sleeper = spawn("sleep", ["600"], { stdio: "ignore" });
  });
  afterAll(() => {
    sleeper?.kill("SIGKILL");
  });
  /** The stage, and places like three hierarchies in which the process is in these cgroups. */
  const prepare = (named = `/docker/${id}`, unified = `/engine/${id}`) => {
    const files =
      "cgroup.procs cgroup.threads cgroup.subtree_control tasks memory.max cgroup.max.depth cgroup.max.descendants";
    const cgroups = [
      `/run/named${named}`,
      `/run/unified${unified}`,
      `/run/memory/docker/${id}`,
      `/run/freezer/docker/${id}`,
    ];
    shell(`
      mkdir -p ${stage}; mount -t tmpfs x ${stage}
      for cgroup in ${cgroups.join(" ")}; do mkdir -p $cgroup; for file in ${files}; do : >$cgroup/$file; done; done
      printf '5:freezer:/docker/${id}\\n4:memory:/docker/${id}\\n1:name=systemd:${named}\\n0::${unified}\\n' >/run/cgroup
      mount --bind /run/cgroup /proc/${sleeper?.pid}/cgroup`);
  };
  afterEach(() => {
    shell(
      `umount /proc/${sleeper?.pid}/cgroup; umount -l ${stage} 2>/dev/null || :; rm -r /run/settled /run/named /run/unified /run/memory /run/freezer`,
    );
  });

  test("gives its cgroups, and no limit, to the machine's root, notes its process down and takes the stage away", () => {
    prepare();
    expect(settle()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(join(run, `settled/${id}/pid`), "utf8")).toBe(
      `${sleeper?.pid}\n${startOf(sleeper)}\n`,
    );
    expect(isMounted()).toBe(false);
    const [named, unified] = [`/run/named/docker/${id}`, `/run/unified/engine/${id}`];
    expect(given().trim().split("\n").toSorted()).toEqual([
      ...[named, `${named}/cgroup.procs`, `${named}/tasks`],
      ...[
        unified,
        `${unified}/cgroup.procs`,
        `${unified}/cgroup.subtree_control`,
        `${unified}/cgroup.threads`,
      ],
    ]);
  });

  test("bounds the cgroups that its root may make, and notes down where that may freeze", () => {
    prepare();
    expect(settle(stdin(), "/run/named", "/run/unified", "/run")).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(run, `unified/engine/${id}/cgroup.max.descendants`), "utf8")).toBe("2000\n");
    expect(readFileSync(join(run, `unified/engine/${id}/cgroup.max.depth`), "utf8")).toBe("14\n");
    expect(readFileSync(join(run, `settled/${id}/freezer`), "utf8")).toBe(`/run/freezer/docker/${id}\n`);
    expect(readFileSync(join(run, `settled/${id}/limits`), "utf8")).toBe(`/run/unified/engine/${id}\n`);
    expect(given()).toContain(`/run/freezer/docker/${id}\n`);
    expect(given()).not.toContain("descendants");
  });

  test.each([
    ["spread out", () => stdin().replace('"pid":', '"pid": ')],
    ["with annotations that look alike", () => stdin({ annotations: { pid: "1", note: '"pid":1' } })],
  ])("whatever the state looks like: %s", (_, write) => {
    prepare();
    expect(settle(write())).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(run, `settled/${id}/pid`), "utf8")).toBe(
      `${sleeper?.pid}\n${startOf(sleeper)}\n`,
    );
  });

  test.each([
    ["the root of all", "/"],
    ["the engine's", "/engine"],
    ["another machine's", "/engine/f00d"],
  ])("never gives a cgroup away that is not the machine's: %s", (_, unified) => {
    prepare("/docker", unified);
    expect(settle()).toMatchObject({ status: 0, stderr: "" });
    expect(given()).toBe("");
    expect(isMounted()).toBe(false);
  });

  test("a hierarchy that the host has not mounted is nobody's to give", () => {
    prepare();
    expect(settle(stdin(), "", "")).toMatchObject({ status: 0, stderr: "" });
    expect(given()).toBe("");
  });

  test("fails where the cgroup is not there, so that the machine does not start", () => {
    prepare();
    shell(`rm -r /run/unified/engine`);
    expect(settle().status).not.toBe(0);
  });
});

describe("the real runtime starts as if the launcher were not there", () => {
  const before = `trap "" HUP USR1 PIPE; ulimit -n 777; ulimit -c 0; exec 3<${"/dev/zero"} 7>/dev/null 9</dev/full`;
  const env = { HOME: "/nowhere", ODD: "a\nb", EMPTY: "", LISTEN_FDS: "1", _LIBCONTAINER_X: "5" };
  const parts = ["real.environ", "real.fds", "real.signals", "real.limits"];

  test.each([
    ["state", "dash", ["state", "box"]],
    ["create without an init", "dash", ["create", "-b", "PLAIN", "box"]],
    ["create with an init", "dash", ["create", "-b", "INIT", "box"]],
    ["kill, translated", "dash", ["--root", "/r/same", "kill", "box", "15"]],
    ["state", "bash --posix", ["state", "box"]],
  ])("%s in %s", (_, shell, template) => {
    stateOf("/r/same", "box");
    const bundles = { PLAIN: bundleOf(["sh"], "plain"), INIT: bundleOf(["/sbin/init"], "init") };
    const words = template.map((word) => (word === "PLAIN" || word === "INIT" ? bundles[word] : word));
    const look = (direct: boolean) => {
      expect(call({ words, env, before, direct, shell: shell.split(" ") }).status).toBe(0);
      return parts.map((name) => {
        const text = readFileSync(join(record, name), "utf8");
        // Bash sets these two of its own accord; the engine's shell is the one of /bin/sh.
        return name === "real.environ" && shell !== "dash"
          ? text.replace(/^(_|SHLVL|OLDPWD)=.*\n/gm, "")
          : text.replace(/\[\d+\]$/gm, "");
      });
    };
    const direct = look(true);
    expect(direct[1]).toContain("9 /dev/full");
    expect(direct[3]).toMatch(/open files\s+777/);
    expect(look(false)).toEqual(direct);
  });
});

test("the launcher finds berth beside itself when run by its path", () => {
  const bundle = bundleOf(["/sbin/init"]);
  const { berth } = call({ words: ["create", "-b", bundle, "box"], shell: [] });
  expect(berth?.[0]).toBe("runtime");
});

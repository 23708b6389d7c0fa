import { inMounts } from "./mount-namespace.ts";

const program = Bun.fileURLToPath(import.meta.resolve("#bin/berth.ts"));
const first = 5000;
const base = 0x7000_0000 + first * 65_536;

/**
 * Machines as the server finds them by their states: a process with ids of its own whose root is an overlay,
 * and the place at which the engine has it, /run/engine/NAME. The server is run from sources, by a Bun at
 * /run/bun.
 */
const machines = `
  const { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } = await import("node:fs");
  const stateOf = (name) => "/run/berth/runtime/root/" + name;
  const placeOf = (name) => "/run/engine/" + name;
  const started = [];
  const until = async (what, holds) => {
    for (const end = performance.now() + 40000; performance.now() < end; await Bun.sleep(50)) if (holds()) return;
    throw new Error("not within 40 s: " + what);
  };
  const sh = (script) => Bun.spawnSync(["timeout", "10", "sh", "-c", "exec 2>&1; " + script]).stdout.toString().trim();
  /** Whoever has started it does not reap it. */
  const machine = async (name, { place = placeOf(name), options } = {}) => {
    const own = "/run/machines/" + name;
    for (const directory of [own + "/upper", own + "/work", own + "/files", placeOf(name), stateOf(name)]) mkdirSync(directory, { recursive: true });
    const layers = "lowerdir=/,upperdir=" + own + "/upper,workdir=" + own + "/work";
    writeFileSync(own + "/inner", "umount -l /old && exec unshare --user sleep 1000");
    writeFileSync(own + "/outer", "set -e; mount -t overlay -o " + layers + " overlay " + own + "/files; cd " + own + "/files; mkdir old; : >dev/null; mount -t proc proc proc; echo " + name +
      " >name; cp " + own + "/inner .; pivot_root . old; exec chroot . sh /inner");
    const parent = Bun.spawn(["sh", "-c", "unshare --mount --propagation private sh " + own + "/outer & echo $! >" + own + "/pid; exec sleep 1000"], { stdin: "ignore" });
    const read = (path) => { try { return readFileSync(path, "utf8").trim(); } catch { return ""; } };
    await until("a pid", () => read(own + "/pid") !== "");
    const pid = Number(read(own + "/pid"));
    started.push(parent.pid, pid);
    await until("a user namespace", () => read("/proc/" + pid + "/comm") === "sleep" && readlinkSync("/proc/" + pid + "/ns/user") !== readlinkSync("/proc/self/ns/user"));
    for (const map of ["uid_map", "gid_map"]) writeFileSync("/proc/" + pid + "/" + map, "0 ${base} 65536");
    const device = read("/proc/" + pid + "/mountinfo").split("\\n").map((line) => line.split(" ")).find((fields) => fields[4] === "/")[2];
    const state = stateOf(name);
    const plan = { state, place, device, range: { base: ${base}, count: 65536 }, overlay: { source: "overlay", options: options ?? layers, directory: "/" } };
    for (const [file, text] of [["pid", pid], ["root", place], ["ids", "${first} 1"], ["mirror", JSON.stringify(plan)]]) writeFileSync(state + "/" + file, text + "\\n");
    return pid;
  };
  const bun = "mount --bind " + process.execPath + " /run/bun";
  const serve = async () => {
    if (!existsSync("/run/bun")) {
      writeFileSync("/run/bun", "");
      sh(bun);
    }
    const server = Bun.spawn(["/run/bun", ${JSON.stringify(program)}, "runtime", "mirror"], { stdin: "ignore", stdout: "pipe", stderr: "inherit", cwd: "/" });
    started.push(server.pid);
    await server.stdout.getReader().read();
    return server;
  };
  const nameBy = (place) => sh("cat " + place + "/name");
  const ask = async (request) => {
    let text = "";
    const { promise, resolve } = Promise.withResolvers();
    await Bun.connect({ unix: "/run/berth/mirror/socket", socket: { open: (socket) => void socket.write(JSON.stringify(request) + "\\n"), data: (_, chunk) => void (text += chunk), close: resolve } });
    await promise;
    return text.trim();
  };
  const log = () => existsSync("/run/berth/mirror/log") ? readFileSync("/run/berth/mirror/log", "utf8").trim().split("\\n").map((line) => line.replace(/^\\S+ /, "")) : [];
  /**
   * Holds the lock of a file of a machine's, so that whoever writes to it waits, and no signal ends that:
   * splice(2) from an empty pipe.
   */
  const hold = async (pid, file) => {
    const script = 'pipe R, W; open F, "+>", $ARGV[0]; my $to = pack "q", 0; $| = 1; print "holds"; syscall 275, fileno R, 0, fileno F, $to, 4096, 0';
    const holder = Bun.spawn(["nsenter", "--mount", "--target", String(pid), "perl", "-e", script, file], { stdin: "ignore", stdout: "pipe" });
    started.push(holder.pid);
    await holder.stdout.getReader().read();
    await until("the lock", () => /splice|pipe/.test(readFileSync("/proc/" + holder.pid + "/wchan", "utf8")));
    return holder.pid;
  };
  const answering = (server) => sh("pgrep -P " + server.pid).split(/[^0-9]/).filter(Boolean).map(Number);
  const stateOfProcess = (pid) => { try { return readFileSync("/proc/" + pid + "/stat", "utf8").split(") ").at(-1)[0]; } catch { return "gone"; } };
  /** A look that waits for such a lock: who has it to answer, and what becomes of it. */
  const lookStuck = async (server, file) => {
    const before = answering(server).filter((one) => stateOfProcess(one) === "D");
    const look = Bun.spawn(["sh", "-c", "echo text >>" + file], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    let pid;
    await until("it waits", () => (pid = answering(server).find((one) => !before.includes(one) && stateOfProcess(one) === "D")) !== undefined);
    return { pid, hasEnded: () => look.exitCode !== null, succeeded: () => look.exitCode === 0 };
  };
  /** The end of the longest answer's time. */
  const alarm = (pid) => process.kill(pid, "SIGALRM");
  const kill = (pid) => { try { process.kill(pid, "SIGKILL"); } catch {} };`;

/** Runs a script with these machines in a mount namespace; what it returns. */
export const withMachines = (script: string) =>
  inMounts<unknown>(
    `${machines} try { ${script} } finally { for (const pid of started.reverse()) kill(pid); }`,
  );

import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

/**
 * Installs from a directory that anyone may write to, where anyone could write before, and tells who owns
 * what is there then, and its mode.
 */
const installing = `
  const { installRuntime } = await import(${JSON.stringify(import.meta.resolve("./install-runtime.ts"))});
  const { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } = await import("node:fs");
  process.umask(0);
  mkdirSync("/run/from"); mkdirSync("/run/etc", { mode: 0o755 });
  for (const name of ["berth", "berth-runtime"]) writeFileSync("/run/from/" + name, "#!/bin/sh\\n", { mode: 0o777 });
  const installed = "/usr/local/lib/berth";
  const install = () => installRuntime({ file: "/run/etc/docker/daemon.json", process: undefined, engine: undefined, isRootless: false },
    { makeDefault: false, inPlace: false, realRuntime: undefined, program: "/run/from/berth" });
  const look = (path) => { const { mode, uid } = statSync(path); return [path, (mode & 0o7777).toString(8), uid].join(" "); };
  const all = () => [installed, ...readdirSync(installed).sort().map((name) => installed + "/" + name)].map(look);`;
const tidy = [
  "/usr/local/lib/berth 755 0",
  "/usr/local/lib/berth/berth 755 0",
  "/usr/local/lib/berth/berth-runtime 755 0",
  "/usr/local/lib/berth/engines 644 0",
];

test.skipIf(!isRoot)(
  "nobody but root may write what it installs, whatever it is made from (needs root)",
  async () => {
    const seen = await inMounts(
      `${installing} await install(); return [all(), look("/run/etc/docker")];`,
      "mount -t tmpfs -o mode=755 x /usr/local/lib",
    );
    expect(seen).toEqual([tidy, "/run/etc/docker 755 0"]);
  },
);

test.skipIf(!isRoot)("nor what was there before (needs root)", async () => {
  const seen = await inMounts(
    `${installing}
    mkdirSync(installed); chownSync(installed, 1000, 1000);
    for (const name of ["berth", "berth-runtime", "engines"]) { writeFileSync(installed + "/" + name, ""); chownSync(installed + "/" + name, 1000, 1000); }
    await install();
    return all();`,
    "mount -t tmpfs -o mode=755 x /usr/local/lib",
  );
  expect(seen).toEqual(tidy);
});

test.skipIf(!isRoot)(
  "a real runtime that is not there, or that in place nothing would name, is refused before anything is written (needs root)",
  async () => {
    const seen = await inMounts(
      `${installing}
    const { existsSync } = await import("node:fs");
    const trial = (inPlace, realRuntime) => installRuntime({ file: "/run/etc/docker/daemon.json", process: undefined, engine: undefined, isRootless: false },
      { makeDefault: false, inPlace, realRuntime, program: "/run/from/berth" }).then(() => "installed", ({ code }) => code);
    const refused = [await trial(false, "/nowhere/crun"), await trial(false, "no-such-runtime"), await trial(false, "a b"), await trial(true, "/bin/sh")];
    return [...refused, existsSync(installed), existsSync("/run/etc/docker"), await trial(false, "/bin/sh")];`,
      "mount -t tmpfs -o mode=755 x /usr/local/lib",
    );
    expect(seen).toEqual(["tool-missing", "tool-missing", "usage", "usage", false, false, "installed"]);
  },
);

test.skipIf(!isRoot)("where there was no configuration, taking it away makes none (needs root)", async () => {
  const seen = await inMounts(
    `${installing}
    const { existsSync } = await import("node:fs");
    const { uninstallRuntime } = await import(${JSON.stringify(import.meta.resolve("./install-runtime.ts"))});
    const { changed } = await uninstallRuntime({ file: "/run/nowhere/daemon.json", process: undefined, engine: undefined, isRootless: false }, false);
    return [changed, existsSync("/run/nowhere")];`,
    "mount -t tmpfs -o mode=755 x /usr/local/lib",
  );
  expect(seen).toEqual([false, false]);
});

test.skipIf(!isRoot)(
  "the engine's file is as readable as it was, and so is what is kept of it (needs root)",
  async () => {
    const seen = await inMounts(
      `${installing}
    mkdirSync("/run/etc/docker", { mode: 0o755 });
    writeFileSync("/run/etc/docker/daemon.json", '{"proxies":{"http-proxy":"http://user:secret@proxy"}}', { mode: 0o600 });
    await install();
    return ["", ".berth-backup"].map((suffix) => look("/run/etc/docker/daemon.json" + suffix));`,
      "mount -t tmpfs -o mode=755 x /usr/local/lib",
    );
    expect(seen).toEqual([
      "/run/etc/docker/daemon.json 600 0",
      "/run/etc/docker/daemon.json.berth-backup 600 0",
    ]);
  },
);

test.skipIf(!isRoot)("where the engine does not take it, all is as it was (needs root)", async () => {
  const seen = await inMounts(
    `${installing}
    const { existsSync, readFileSync } = await import("node:fs");
    const { BerthError } = await import(${JSON.stringify(import.meta.resolve("#errors.ts"))});
    const engine = { endpoint: { kind: "unix", path: "/nowhere" }, apiVersion: "1.41",
      request: async () => { throw new BerthError("engine-unreachable", existsSync(installed + "/berth") ? "copied" : "not copied"); } };
    const refused = () => installRuntime({ file: "/run/etc/docker/daemon.json", process: undefined, engine, isRootless: false },
      { makeDefault: false, inPlace: false, realRuntime: undefined, program: "/run/from/berth" }).catch(({ code, message }) => [code, message]);
    const whole = (directory) => readdirSync(directory).sort().map((name) => look(directory + "/" + name) + " " + readFileSync(directory + "/" + name, "utf8"));
    const seen = [await refused(), existsSync(installed), readdirSync("/run/etc/docker")];
    await install();
    writeFileSync(installed + "/berth", "the one before");
    writeFileSync("/run/etc/docker/daemon.json", "{}", { mode: 0o600 });
    const before = [whole(installed), whole("/run/etc/docker")];
    return [...seen, await refused(), Bun.deepEquals([whole(installed), whole("/run/etc/docker")], before)];`,
    "mount -t tmpfs -o mode=755 x /usr/local/lib",
  );
  const refusal = ["engine-unreachable", "copied"];
  expect(seen).toEqual([refusal, false, [], refusal, true]);
});

test.skipIf(!isRoot)(
  "where the engine has to be told by hand, all is there for it (needs root)",
  async () => {
    const seen = await inMounts(
      `${installing}
    const { readFileSync } = await import("node:fs");
    const { Readable } = await import("node:stream");
    const engine = { endpoint: { kind: "unix", path: "/nowhere" }, apiVersion: "1.41",
      request: async () => ({ kind: "answer", status: 200, headers: {}, body: Readable.from([Buffer.from('{"Runtimes":{}}')]) }) };
    const told = await installRuntime({ file: "/run/etc/docker/daemon.json", process: undefined, engine, isRootless: false },
      { makeDefault: false, inPlace: false, realRuntime: undefined, program: "/run/from/berth" }).catch(({ code }) => code);
    return [told, all(), readFileSync("/run/etc/docker/daemon.json", "utf8").includes(installed)];`,
      "mount -t tmpfs -o mode=755 x /usr/local/lib",
    );
    expect(seen).toEqual(["host-unfit", tidy, true]);
  },
);

test.skipIf(!isRoot)(
  "a process that has the engine's number since is not signalled (needs root)",
  async () => {
    const seen = await inMounts(
      `${installing}
    const { Readable } = await import("node:stream");
    const { isThere, findProcess } = await import(${JSON.stringify(import.meta.resolve("#host/process/process-stat.ts"))});
    // Another may have started it anew since, and then it has the runtime after a while.
    let looks = 0;
    const info = () => ({ Runtimes: (looks += 1) > 1 ? { berth: { path: installed + "/berth-runtime" } } : {} });
    const engine = { endpoint: { kind: "unix", path: "/nowhere" }, apiVersion: "1.41",
      request: async () => ({ kind: "answer", status: 200, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(info()))]) }) };
    const other = Bun.spawn(["sleep", "60"]);
    const found = findProcess(other.pid);
    const options = { makeDefault: false, inPlace: false, realRuntime: undefined, program: "/run/from/berth" };
    const ask = (process) => installRuntime({ file: "/run/etc/docker/daemon.json", process, engine, isRootless: false }, options);
    const { active } = await ask({ ...found, startTime: "1" });
    const seen = [active, isThere(found)];
    looks = 0;
    await ask(found);
    return [...seen, await other.exited, other.signalCode];`,
      "mount -t tmpfs -o mode=755 x /usr/local/lib",
    );
    expect(seen).toEqual([true, true, 129, "SIGHUP"]);
  },
);

test.skipIf(!isRoot || !existsSync("/etc/systemd"))(
  "where systemd does not start its unit, the runtime is installed all the same, with a warning (needs root)",
  async () => {
    const seen = await inMounts(
      `${installing}
    const { active, stop, warnings } = await install();
    return [active, stop, warnings.filter((warning) => warning.includes("berth-stop")), all()];`,
      `mount -t tmpfs -o mode=755 x /usr/local/lib
    mount -t tmpfs -o mode=755 x /etc/systemd
    mkdir -p /run/systemd/system /run/bin
    printf '#!/bin/sh\\nexit 1\\n' >/run/bin/systemctl
    chmod 755 /run/bin/systemctl
    export PATH=/run/bin:$PATH`,
    );
    const warning = "cannot set up berth-stop.service: systemctl failed with status 1";
    expect(seen).toEqual([false, "unneeded", [warning], tidy]);
  },
);

import { writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { BerthError } from "#errors.ts";
import { hasErrno } from "#host/syscall/errno.ts";
import { stateRoot } from "#oci/machine-state.ts";
import { runtimeCreate } from "#ops/runtime/create.ts";
import { endMachine, removeMachineCgroups } from "#ops/runtime/end.ts";
import { runtimeExec } from "#ops/runtime/exec.ts";
import { logRuntime } from "#ops/runtime/log.ts";
import { endMirror } from "#ops/runtime/mirror.ts";
import { closeBundle } from "#ops/runtime/opened-bundle.ts";
import { runtimeRestore } from "#ops/runtime/restore.ts";
import { clearState } from "#ops/runtime/state.ts";
import { complain } from "./frame/complain.ts";

/**
 * `berth runtime create …` and `exec …`, which the launcher berth-runtime calls before the real runtime:
 * loading as little as possible, since every boot waits for it. Writes failures into the runtime's log, where
 * the engine reads them. Resolves to the exit status.
 *
 * A launcher that an upgrade has replaced still runs, and calls this berth with the words that it knows:
 * only add words, and do without each of them that was added.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [verb, ...words] = argv;
  const { options, id } = parseCall(words);
  const launcher = join(dirname(globalThis.process.execPath), "berth-runtime");
  const names = ["--bundle", "--process", "--state", "--root", "--outer", "--alone", "--log"];
  const [bundle, process, state, root, descriptor, alone, log = ""] = names.map((name) => options.get(name));
  const { "--home": home, "--real": real } = { ...laterWords, ...Object.fromEntries(options) };
  if (id !== undefined && state !== undefined) {
    if (verb === "create" && bundle !== undefined && root !== undefined) {
      const outer = descriptor === undefined ? undefined : Number(descriptor);
      return await report(
        log,
        () => runtimeCreate({ id, bundle, state, home, real, root, outer, launcher, alone: alone === "yes" }),
        () => clearState(state),
      );
    }
    if (verb === "exec" && process !== undefined) {
      return await report(log, () => runtimeExec({ process, state, launcher }));
    }
    if (verb === "end") {
      return await report(log, async () => {
        endMachine(state);
        return [];
      });
    }
    if (verb === "rmdir") return await report(log, () => removeMachineCgroups(state));
    if (verb === "delete") {
      return await report(log, async () => {
        closeBundle(state);
        await endMirror(state);
        return [];
      });
    }
  }
  if (verb === "restore" && id !== undefined && bundle !== undefined)
    return await report(log, () => runtimeRestore(bundle, id));
  if (verb === "lxcfs") return await runLxcfs(words);
  if (verb === "mirror") return await runMirror(words);
  if (verb === "decoy") return await runDecoy(words);
  if (verb === "halt" && words.length === 0) return await runHalt();
  complain(usage);
  return 2;
}

/** The words that came after the first version, with what an earlier launcher means. */
const laterWords = { "--home": dirname(stateRoot), "--real": "runc" };

const usage = `usage, by berth-runtime, lxcfs.service and berth-stop.service alone:
  berth runtime create --bundle DIR --state DIR --root DIR [--home DIR] [--real RUNTIME]
                       [--outer DESCRIPTOR] [--alone yes] [--log FILE] -- ID
  berth runtime delete --state DIR [--log FILE] -- ID
  berth runtime end --state DIR [--log FILE] -- ID
  berth runtime rmdir --state DIR [--log FILE] -- ID
  berth runtime halt
  berth runtime lxcfs [PID]
  berth runtime mirror [DEVICE ROOT FIRSTID IDS PARENT [decoy]]
  berth runtime decoy PARENT PLACE DIRECTORY
  berth runtime exec --process FILE --state DIR [--log FILE] -- ID
  berth runtime restore --bundle DIR [--log FILE] -- ID
`;

/** `berth runtime mirror` for all mirrors of the host; with descriptors and ids for one machine's files. */
async function runMirror(words: readonly string[]): Promise<number> {
  if (words.length === 0) {
    const { serveMirrors } = await import("#daemons/mirror/serve.ts");
    serveMirrors(reportReady);
    return 0;
  }
  const { parseServed } = await import("#host/mirror/served.ts");
  const served = parseServed(words);
  if (served === undefined) {
    complain(usage);
    return 2;
  }
  const { serveFiles } = await import("#daemons/mirror/serve-files.ts");
  serveFiles(served);
  return 0;
}

/** `berth runtime decoy`, by the server of mirrors: mounts a decoy over a mirror. */
async function runDecoy(words: readonly string[]): Promise<number> {
  const { parseDecoy } = await import("#host/mirror/served.ts");
  const decoy = parseDecoy(words);
  if (decoy === undefined) {
    complain(usage);
    return 2;
  }
  const { endWith } = await import("#host/mirror/own-process.ts");
  const { mountDecoy } = await import("#host/mirror/decoy.ts");
  endWith(decoy.parent);
  mountDecoy(decoy.place, decoy.directory);
  return 0;
}

/** Tells the process that started the server. Ignore EPIPE: after a restart no process waits any more. */
function reportReady(): void {
  try {
    writeSync(1, "ready\n");
  } catch (error) {
    if (!hasErrno(error, ["EPIPE"])) throw error;
  }
}

/** `berth runtime lxcfs`, after a start of lxcfs; with a process id for the machine of that process alone. */
async function runLxcfs([pid, ...more]: readonly string[]): Promise<number> {
  if (more.length > 0 || (pid !== undefined && !/^[1-9]\d*$/.test(pid))) {
    complain(usage);
    return 2;
  }
  const { renewMachineLxcfs, renewMachinesLxcfs } = await import("#ops/runtime/renew-lxcfs.ts");
  return await report("", async () => {
    if (pid !== undefined) {
      if (await renewMachineLxcfs(Number(pid))) writeSync(1, "renewed\n");
      return [];
    }
    const { renewed, warnings } = await renewMachinesLxcfs(process.execPath);
    const namespaces = `${renewed} mount namespace${renewed === 1 ? "" : "s"}`;
    if (renewed > 0) writeSync(1, `berth: mounted lxcfs anew in ${namespaces} of machines\n`);
    for (const warning of warnings) complain(`berth: ${await plain(warning)}\n`);
    return [];
  });
}

/**
 * `berth runtime halt`, when the host shuts down. Machines that do not end in time are the host's to kill.
 */
async function runHalt(): Promise<number> {
  const [{ haltMachines }, { longestHalt }] = await Promise.all([
    import("#ops/runtime/halt.ts"),
    import("#plan/engine/stop-unit.ts"),
  ]);
  return await report("", async () => {
    const { halted, left } = await haltMachines(longestHalt * 1000);
    if (halted > 0) writeSync(1, `berth: shut ${halted} machine${halted === 1 ? "" : "s"} down\n`);
    for (const id of left) complain(`berth: the machine ${id} still runs after ${longestHalt} s\n`);
    return [];
  });
}

/** Does the work and logs its warnings, or its failure, after undoing. */
async function report(
  log: string,
  work: () => Promise<readonly string[]> | readonly string[],
  undo?: () => void,
): Promise<number> {
  try {
    for (const warning of await work()) logRuntime(log, "warning", `berth: ${await plain(warning)}`);
    return 0;
  } catch (error) {
    undo?.();
    const message = await plain(error instanceof Error ? error.message : String(error));
    const hint = error instanceof BerthError && error.hint !== undefined ? `; ${error.hint}` : "";
    logRuntime(log, "error", `berth: ${message}${hint}`);
    complain(`berth: ${message}${hint}\n`);
    return error instanceof BerthError ? error.exitStatus : 1;
  }
}

/** The engine passes on what it reads, and its clients print it. Loaded where there is something to say. */
async function plain(text: string): Promise<string> {
  const { plainText } = await import("./render/text.ts");
  return plainText(text);
}

/**
 * The one form which the launcher writes: `--name value` pairs, `--`, the id. (Loading node:util for its
 * parseArgs takes 0.8 ms of every boot.)
 */
function parseCall(words: readonly string[]) {
  const options = new Map<string, string>();
  let at = 0;
  for (; at + 1 < words.length && words[at] !== "--"; at += 2)
    options.set(words[at] ?? "", words[at + 1] ?? "");
  return { options, id: words[at] === "--" && words.length === at + 2 ? words[at + 1] : undefined };
}

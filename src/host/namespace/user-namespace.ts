import { openSync, writeFileSync } from "node:fs";
import { BerthError } from "#errors.ts";
import { spawnPiped } from "#host/process/spawn-quick.ts";
import { isNotInstalled } from "#host/process/start-error.ts";
import { hasErrno } from "#host/syscall/errno.ts";

/** A line of uid_map (user_namespaces(7)): `count` ids from `inside` on are the host's from `outside` on. */
export interface IdExtent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** A user namespace by a process that holds it. */
export interface UserNamespace {
  /**
   * A file descriptor of the namespace with these ids mapped, to be closed. Once. Throws `host-unfit` when
   * the host makes none.
   */
  map(extents: readonly IdExtent[]): Promise<number>;
  /**
   * Ends the process; the namespace lives on in what holds its descriptor, or mounts that are mapped by it.
   */
  end(): void;
}

const makeAndHold = ["unshare", "--user", "--", "cat"] as const;

/**
 * Begins to create a user namespace, which takes about 3 ms. A process with threads cannot create one for
 * itself, so unshare(1) does; its cat ends with this process, which holds the other end of its pipe.
 *
 * `owner` is the host's user charged for inotify watches and other per-user limits in the namespace
 * (namespaces(7), /proc/sys/user; fs.inotify in inotify(7)). Root by default, whose own limits the machine
 * then uses up.
 */
export function beginUserNamespace(owner?: number): UserNamespace {
  const command = owner === undefined ? makeAndHold : [...become(owner), ...makeAndHold];
  const holder = spawnHolder(command);
  if (holder === undefined)
    return { map: () => Promise.reject(unfit(`${command[0]} is not installed`)), end: () => {} };
  void greet(holder.stdin);
  const inNamespace = holder.stdout.getReader().read();
  return {
    map: async (extents) => {
      // cat answers once unshare(1) has become it, in the new namespace.
      if ((await inNamespace).value === undefined) throw unfit((await holder.stderr.text()).trim());
      const lines = extents.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join("");
      for (const file of ["uid_map", "gid_map"]) writeFileSync(`/proc/${holder.pid}/${file}`, lines);
      return openSync(`/proc/${holder.pid}/ns/user`, "r");
    },
    end: () => holder.kill("SIGKILL"),
  };
}

/** Undefined where its program is not installed. */
function spawnHolder(command: readonly string[]) {
  try {
    return spawnPiped(command);
  } catch (error) {
    if (!isNotInstalled(error)) throw error;
    return undefined;
  }
}

/** Writes the line that cat is to answer. Ignore a holder that has ended: reading its answer shows that. */
async function greet(stdin: Bun.FileSink): Promise<void> {
  try {
    stdin.write("\n");
    await stdin.flush();
  } catch (error) {
    if (!hasErrno(error, ["EPIPE"])) throw error;
  }
}

function unfit(why: string): BerthError {
  return new BerthError("host-unfit", `cannot create a user namespace on this host: ${why}`, {
    hint: "check sysctl user.max_user_namespaces and that util-linux is installed, or use profile strict",
  });
}

/**
 * The words that run a command as another user, who keeps CAP_SYS_ADMIN for hosts where not everyone may make
 * namespaces. RLIMIT_NPROC, the engine's own, then limits all processes in the namespace together; in a
 * namespace of root's it limits none.
 */
function become(user: number): readonly string[] {
  const right = "-all,+sys_admin";
  const ids = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  return ["setpriv", ...ids, `--inh-caps=${right}`, `--ambient-caps=${right}`, "--"];
}

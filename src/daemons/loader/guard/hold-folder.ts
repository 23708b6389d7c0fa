import { hostname } from "node:os";
import { retryWhileAway } from "#daemons/loader/engine-away.ts";
import type { Engine } from "#engine/connection/engine.ts";
import { identityOf, readFolder } from "#host/files/folder.ts";
import { takeLease } from "#host/files/lease.ts";
import { lockFolder } from "#host/process/lock-folder.ts";
import type { FolderFacts } from "#plan/loader/folder.ts";
import { type GuardTask, guardPaths } from "#plan/loader/guard.ts";
import type { GuardFacts } from "#plan/loader/guard-step.ts";
import { accessWarnings, byName, refuseOthersFuse } from "./folder-access.ts";
import { holderState } from "./orphans.ts";

/** A folder that is this guard's machine's, until it is disposed of. */
export interface HeldFolder extends AsyncDisposable {
  readonly facts: FolderFacts;
  readWarnings(): readonly string[];
  /** Whether the path still leads to the folder that was taken, and the lease is still held. */
  look(): Extract<GuardFacts["folder"], "held" | "replaced" | "lease-lost">;
}

export interface HoldFolderOptions {
  readonly engine: Engine;
  readonly task: GuardTask & { readonly folder: string };
  readonly onWaiting: (text: string) => void;
  readonly signal: AbortSignal;
}

const places = { parent: guardPaths.parent, place: guardPaths.folder };

/**
 * Takes the folder's lease, which other nodes respect, and its lock, which covers other paths to it. Waits
 * for a machine on it that is being stopped. Throws as `refuseOthersFuse`, `takeLease` and `lockFolder` do.
 */
export async function holdFolder({
  engine,
  task,
  onWaiting,
  signal,
}: HoldFolderOptions): Promise<HeldFolder> {
  const { folder, machine, loader } = task;
  const path = byName(folder, places);
  await using taken = new AsyncDisposableStack();
  refuseOthersFuse(folder, places);
  const lease = await takeLease({
    folder: path,
    shown: folder,
    holder: { machine, loader, engine: task.engine, node: hostname() },
    stateOf: (holder) => retryWhileAway(() => holderState(engine, holder, signal), signal),
    onWaiting: (other) =>
      onWaiting(`waiting for ${other.machine} on ${other.node} to stop: it still uses ${folder}`),
    signal,
  });
  taken.defer(() => lease.release());
  taken.defer(lockFolder(guardPaths.folder, folder));
  const identity = identityOf(path);
  const facts = readFolder(guardPaths.folder, task.command);
  const hold = taken.move();
  return {
    facts,
    readWarnings: () => folderWarnings(folder),
    look() {
      if (identityOf(path) !== identity) return "replaced";
      return lease.isHeld() ? "held" : "lease-lost";
    },
    [Symbol.asyncDispose]: () => hold.disposeAsync(),
  };
}

function folderWarnings(folder: string): readonly string[] {
  const [here, beside] = [guardPaths.folder, guardPaths.parent].map(
    (path) => identityOf(path)?.split(":", 1)[0],
  );
  return [
    // A lease beside a mount is on another file system than the folder, which nodes may share while they do
    // not share the lease.
    ...(here === beside
      ? []
      : [`${folder} is a mount point: its lease, beside it, does not protect it from other nodes`]),
    ...accessWarnings(folder, places),
  ];
}

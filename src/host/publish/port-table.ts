import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "#errors.ts";
import { tryRun } from "#host/process/run.ts";
import { type Publish, publishesCollide } from "#machinefile/value/publish.ts";
import { parsePortTables, tableName } from "#plan/network/port-table.ts";
import { openNftSession } from "./nft-session.ts";

export interface PortTable {
  /** Removes the table. */
  close(): Promise<void>;
}

/** Milliseconds for which the nft of a process that has ended may still be there. */
const formerTimeout = 5000;
const hint =
  "Publishing needs nftables with NAT in a kernel of 5.12 or later, " +
  "and the capability NET_ADMIN in the host's network namespace.";

/**
 * Makes a table by the line `script`, which must give it `flags owner`: it then belongs to a living nft,
 * whose end, however it comes, ends the table. That nft ends with its standard input, thus with this process;
 * on a death by itself `onLost` is called. Throws `conflict` when the table exists, `tool-missing` without
 * nft, `host-unfit` when the kernel refuses.
 */
export async function holdPortTable(
  name: string,
  script: string,
  onLost: (error: BerthError) => void,
): Promise<PortTable> {
  if ((await readPortTables()).has(name))
    throw new BerthError("conflict", `${tableName(name)} already publishes ports`);
  const nft = await openNftSession(script);
  const isMade = await readPortTables().then(
    (tables) => tables.has(name),
    async (error: unknown) => {
      await nft.close();
      throw error;
    },
  );
  if (!isMade || nft.errors !== "" || nft.hasEnded) {
    await nft.close();
    throw new BerthError(
      "host-unfit",
      `cannot create the nftables table of the ports: ${nft.errors.split("\n")[0] || "nft ended"}`,
      { hint, details: { stderr: nft.errors } },
    );
  }
  let isOpen = true;
  void nft.ended.then(() => {
    if (isOpen)
      onLost(
        new BerthError(
          "tool-failed",
          "the published ports are closed: the nft process that kept them open has exited",
        ),
      );
  });
  return {
    async close() {
      isOpen = false;
      await nft.close();
    },
  };
}

/**
 * The names whose tables exist; each has a living owner. Throws `tool-missing` without nft, `host-unfit` when
 * tables cannot be listed.
 */
export async function readPortTables(): Promise<ReadonlySet<string>> {
  return new Set(
    (await list("tables")).matchAll(/^table inet berth-([a-z0-9]{1,24})$/gm).map(([, name = ""]) => name),
  );
}

/**
 * Waits until no other table publishes these ports, which were free to bind: such a table belongs to a
 * process that has just ended, and goes as soon as its nft notices. Throws `conflict` if it stays.
 */
export async function awaitFormerTables(publish: readonly Publish[]): Promise<void> {
  for (const end = performance.now() + formerTimeout; ; await sleep(10)) {
    const former = parsePortTables(await list("ruleset")).filter((table) =>
      table.publish.some((theirs) => publish.some((ours) => publishesCollide(theirs, ours))),
    );
    if (former.length === 0) return;
    if (performance.now() < end) continue;
    const names = former.map(({ name }) => tableName(name)).join(", ");
    throw new BerthError("conflict", `nftables still publishes some of these ports by ${names}`, {
      hint: "Stop the nft process that owns it.",
    });
  }
}

// As text: the JSON of nft 1.0.6 is broken, or breaks it, where a table has an owner.
async function list(what: "tables" | "ruleset"): Promise<string> {
  const { status, stdout, stderr } = await tryRun("nft", ["-n", "list", what, "inet"]);
  if (status === 0) return stdout;
  throw new BerthError("host-unfit", `nft cannot list ${what}: ${stderr.split("\n")[0]}`, {
    hint,
    details: { stderr },
  });
}

import { hasCode } from "#errors.ts";
import { readText } from "#host/process/proc-file.ts";
import { run, tryRun } from "#host/process/run.ts";
import type { Family } from "#plan/network/forwarding.ts";

/** The filter table of one family in one of the kernel's two iptables. */
export interface FilterTable {
  readonly family: Family;
  /** The program that edits it. */
  readonly command: string;
  /** What `iptables -S` prints: policies, chains, rules. */
  readonly listing: string;
}

export interface FilterTables {
  readonly tables: readonly FilterTable[];
  /** Which could not be read, and why. */
  readonly unread: readonly string[];
}

const programs = { ipv4: "iptables", ipv6: "ip6tables" } as const;
const legacyTables = { ipv4: "/proc/net/ip_tables_names", ipv6: "/proc/net/ip6_tables_names" } as const;
/** Seconds for which another iptables may hold the lock. */
const lockLimit = "10";

/**
 * Reads the filter tables that there are. Makes none: the old iptables, whose mere listing does, is asked
 * only where it is in use.
 */
export async function readFilterTables(families: readonly Family[]): Promise<FilterTables> {
  const read = await Promise.all(
    families.flatMap((family) => [readTable(family, "nf_tables"), readTable(family, "legacy")]),
  );
  return {
    tables: read.filter((table): table is FilterTable => typeof table === "object"),
    unread: read.filter((reason) => typeof reason === "string"),
  };
}

async function readTable(
  family: Family,
  variant: "nf_tables" | "legacy",
): Promise<FilterTable | string | undefined> {
  if (variant === "legacy" && !/^filter$/m.test((await readText(legacyTables[family])) ?? ""))
    return undefined;
  const command = await findProgram(family, variant);
  if (command === undefined) return `${programs[family]} for ${variant} is not installed`;
  const { status, stdout, stderr } = await tryRun(command, ["-w", lockLimit, "-S"]);
  return status === 0 ? { family, command, listing: stdout } : `${command}: ${stderr.split("\n")[0]}`;
}

async function findProgram(family: Family, variant: "nf_tables" | "legacy"): Promise<string | undefined> {
  const base = programs[family];
  const named = `${base}-${variant === "legacy" ? "legacy" : "nft"}`;
  if ((await versionOf(named)) !== undefined) return named;
  // One alone has the plain name, and says behind its version which it is: `iptables v1.8.9 (nf_tables)`.
  const version = await versionOf(base);
  return version !== undefined && version.includes("(nf_tables)") === (variant === "nf_tables")
    ? base
    : undefined;
}

async function versionOf(command: string): Promise<string | undefined> {
  try {
    return (await tryRun(command, ["-V"])).stdout;
  } catch (error) {
    if (hasCode(error, "tool-missing")) return undefined;
    throw error;
  }
}

/** Changes the table by one transaction in the words of iptables-restore(8); what it does not name stays. */
export async function changeTable({ command }: FilterTable, transaction: string): Promise<void> {
  await run(`${command}-restore`, ["-w", lockLimit, "--noflush"], { input: transaction });
}

/** Removes a rule; whether it could. */
export async function deleteRule(
  { command }: FilterTable,
  chain: string,
  rule: readonly string[],
): Promise<boolean> {
  return (await tryRun(command, ["-w", lockLimit, "-D", chain, ...rule])).status === 0;
}

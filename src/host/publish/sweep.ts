import { readAcceptRules, removeAcceptRules } from "./accept-rules.ts";
import { readPortTables } from "./port-table.ts";

/**
 * Removes accept rules which a crash left: those whose table of nftables is gone. A table lives exactly as
 * long as the process that opened the ports, is there before its accept rules and goes after them, so
 * nobody's living rules are touched and nobody needs to be asked who lives. Throws `tool-missing` without
 * nft.
 */
export async function sweepPorts(): Promise<void> {
  // In this order: a rule that is seen without a table afterwards has none any more.
  const found = await readAcceptRules();
  const living = await readPortTables();
  await removeAcceptRules(found.filter(({ name }) => !living.has(name)));
}

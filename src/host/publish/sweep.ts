import { readAcceptRules, removeAcceptRules } from "./accept-rules.ts";
import { readPortTables } from "./port-table.ts";

/**
 * Removes accept rules left by a crash: those without their nftables table. A table lives exactly as long as
 * the process that opened the ports, exists before its accept rules and goes after them, so rules in use are
 * safe. Throws `tool-missing` without nft.
 */
export async function sweepPorts(): Promise<void> {
  // In this order: a rule seen without a table afterwards has none any more.
  const found = await readAcceptRules();
  const living = await readPortTables();
  await removeAcceptRules(found.filter(({ name }) => !living.has(name)));
}

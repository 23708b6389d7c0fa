import { BerthError } from "#errors.ts";
import {
  type AcceptRule,
  acceptChain,
  type ListedRule,
  parseAcceptRules,
  renderAcceptRules,
} from "#plan/network/accept-rules.ts";
import { families } from "#plan/network/forwarding.ts";
import { changeTable, deleteRule, type FilterTable, readFilterTables } from "./filter-tables.ts";

export interface FoundRule extends ListedRule {
  readonly table: FilterTable;
}

/**
 * Lets translated packets through wherever something drops what is forwarded, unless the host's own rules
 * drop them first. Returns what could not be looked at, to be warned of.
 */
export async function addAcceptRules(rules: readonly AcceptRule[]): Promise<readonly string[]> {
  const concerned = families.filter((family) => rules.some((rule) => rule.family === family));
  const { tables, unread } = await readFilterTables(concerned);
  for (const table of tables) {
    const chain = acceptChain(table.listing);
    if (chain === undefined) continue;
    const own = rules.filter(({ family }) => family === table.family);
    await changeTable(table, renderAcceptRules(table.listing, chain, own));
  }
  return unread.map(
    (reason) => `this host's firewall may drop packets to the published ports; cannot read it: ${reason}`,
  );
}

/** All accept rules of berth's on this host. */
export async function readAcceptRules(): Promise<readonly FoundRule[]> {
  const { tables } = await readFilterTables(families);
  return tables.flatMap((table) => parseAcceptRules(table.listing).map((rule) => ({ ...rule, table })));
}

/** Removes these rules; ignores those already gone. Throws `tool-failed` if one remains. */
export async function removeAcceptRules(found: readonly FoundRule[]): Promise<void> {
  const kept: FoundRule[] = [];
  for (const rule of found) if (!(await deleteRule(rule.table, rule.chain, rule.args))) kept.push(rule);
  if (kept.length === 0) return;
  const names = new Set(kept.map(({ name }) => name));
  const left = (await readAcceptRules()).filter(({ name }) => names.has(name));
  if (left.length === 0) return;
  const commands = left.map(({ table, chain, args }) => [table.command, "-D", chain, ...args].join(" "));
  throw new BerthError("tool-failed", "cannot remove accept rules of published ports", {
    hint: `Run \`${commands[0]}\`.`,
    details: { commands },
  });
}

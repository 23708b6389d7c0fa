import { columns } from "./columns.ts";
import { rows } from "./rows.ts";
import { type Note, notesOf, renderTable, type Table } from "./table.ts";
import type { Versions } from "./versions.ts";

const headings = { hybrid: "cgroup v1 with cgroup2 beside it (hybrid)", v2: "cgroup v2" } as const;

/**
 * Renders docs/fidelity.md: the tables of all views with their notes, and how they were made. Equal results
 * give equal text.
 */
export function renderPage(tables: readonly Table[], versions: Versions): string {
  return `# Fidelity

What real units and administrators need, tried in machines of berth's three profiles
and in those of others: the same Debian 12 root, on one host, in one run. \`npm run
fidelity\` prints it; \`npm run fidelity -- --write\` makes this page. systemd-nspawn is
the mark: what it passes, profile full must pass.

${wrap(describe(versions))}

${tables.map(renderView).join("\n")}
## The columns

${columns.map(({ id, what }) => wrap(`- **${id}**: ${what}`, "  ")).join("\n")}

All run in the same namespaces and below the same cgroup, with what the host gives.
\`docker exec\`, \`lxc-attach\` or, for systemd-nspawn, a unit of the machine's own (as
\`machinectl shell\` makes one) runs the scripts.

## The rows

${rows.map(({ title, passes }) => wrap(`- ${title}: ${passes}`, "  ")).join("\n")}
`;
}

function renderView(table: Table): string {
  const notes = notesOf(table);
  return `## ${headings[table.view][0]?.toUpperCase()}${headings[table.view].slice(1)}

\`\`\`text
${renderTable(table)}
\`\`\`

${notes.map(renderNote).join("\n")}
`;
}

function renderNote({ row, columns: which, verdict, reason }: Note): string {
  return wrap(`- ${row.title}, ${which.join(", ")}: ${verdict === "n/a" ? "n/a, " : ""}${reason}`, "  ");
}

function describe({ kernel, engine, runc, systemd, nspawn, lxc, lacking, modules }: Versions): string {
  const peers = [
    ...(nspawn === undefined ? [] : [`systemd-nspawn ${nspawn}`]),
    ...(lxc === undefined ? [] : [`LXC ${lxc}`]),
  ];
  const host = [
    lacking.length === 0 ? "" : ` The host has no ${lacking.join(", ")} to give.`,
    modules.length === 0 ? " Neither AppArmor nor SELinux is on." : ` With ${modules.join(" and ")}.`,
    " A core file needs a kernel.core_pattern that names a file: one that starts a program starts it on the host.",
  ].join("");
  return `This page is of kernel ${kernel.replace(/-.*/, "")}, Docker ${engine} with runc ${runc}, ${peers.join(", ")}, and systemd ${systemd} in the machines.${host}`;
}

/** Lines of at most 84 characters, as the other pages have them. */
function wrap(text: string, indent = ""): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(word);
    else if (last.length + 1 + word.length <= 84) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines.join("\n");
}

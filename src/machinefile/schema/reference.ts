import { deployKeys } from "#machinefile/keys/deploy.ts";
import { imageKeys } from "#machinefile/keys/image.ts";
import { machineKeys } from "#machinefile/keys/machine.ts";
import type { MachineKeys } from "#machinefile/keys/machine-key.ts";
import { networkKeys } from "#machinefile/keys/network.ts";
import { projectKeys } from "#machinefile/keys/project.ts";
import type { Key, Keys } from "#machinefile/type/value-type.ts";
import { exampleMachineFile } from "./example.ts";

/** docs/machine-file.md: the Markdown reference of the machine file, every key from its row. */
export function renderMachineFileReference(keys: MachineKeys = machineKeys): string {
  return `${introduction}
${section("name", "Stands for itself at the top of the file, as in `name: shop`.", projectKeys)}
${section("network", "The one network that all machines are on. Every key is optional.", networkKeys)}
${section(
  "images",
  "Maps a name to the origin of the image: exactly one of `base`, `tarball` and `image`.",
  imageKeys,
)}
${section(
  "machines",
  "Maps a name to a machine. A name is one DNS label: at most 63 lower-case letters, digits and inner " +
    "hyphens. `db: {}` is a whole machine if the defaults have an image.",
  keys,
)}
${section(
  "deploy",
  "Under a machine with a `root`: how a Docker Swarm runs it (see deploy.md). A dot leads into a map: " +
    "`restart.delay` is `restart: {delay: 5s}`.",
  withInner(deployKeys),
)}
## \`defaults\`

Takes the keys of a machine, apart from ${Object.entries(keys)
    .flatMap(([name, { isOwn }]) => (isOwn === true ? [`\`${name}\``] : []))
    .join(", ")}. Every machine gets them.
A machine's own key replaces the default, lists too; \`environment\` and \`labels\` are merged instead.

${closing}`;
}

const introduction = `# The machine file

\`berth up\` reads \`berth.yaml\` in the current directory or the nearest above it.
It lists the machines you want, and what they have in common.

\`\`\`yaml
${exampleMachineFile.trimEnd()}
\`\`\`

The file is one YAML 1.2 document with a \`name\` and four sections, \`network\`, \`defaults\`,
\`images\` and \`machines\`; only \`machines\` is required.
A section whose name starts with \`x-\` is yours, for example for anchors.
berth reports all errors at once (at most fifty), with line and column, and then changes nothing.
`;

const closing = `## Variables and anchors

Values (not keys) may hold variables of berth's own environment, as in Compose:

| Written | Means |
|---|---|
| \`\${NAME}\`, \`$NAME\` | its value; unset is an error |
| \`\${NAME:-default}\`, \`\${NAME-default}\` | the default if unset; with the colon, if empty too |
| \`\${NAME:?message}\`, \`\${NAME?message}\` | this error if unset; with the colon, if empty too |
| \`\${NAME:+other}\`, \`\${NAME+other}\` | the other text if set; with the colon, if not empty |
| \`$$\` | a dollar sign |

Anchors (\`&name\`), aliases (\`*name\`) and merge keys (\`<<: *name\`) work. Limits of a file: 1 MiB,
50 levels, 50,000 YAML tokens, 200,000 values with all aliases expanded.

## Paths

In \`volumes\` and \`tarball\` a relative path of the host starts at the file's directory,
and \`~/\` is your home.
`;

/** Every key, and after one whose values are maps of plain values also theirs: `restart.delay`. */
export function withInner(keys: Keys): Keys {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([name, key]) => [
      [name, key] as const,
      ...Object.entries(plainKeys(key)).map(([inner, innerKey]) => [`${name}.${inner}`, innerKey] as const),
    ]),
  );
}

function plainKeys({ type: { keys = {} } }: Key<unknown>): Keys {
  return Object.values(keys).some(({ type }) => type.keys !== undefined) ? {} : keys;
}

function section(name: string, about: string, keys: Keys): string {
  const rows = Object.entries(keys).map(([key, row]) => renderRow(key, row));
  return [
    "",
    `## \`${name}\``,
    "",
    about,
    "",
    "| Key | Type | Default | Meaning | Example |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ]
    .join("\n")
    .slice(1);
}

function renderRow(name: string, key: Key<unknown>): string {
  const choices = (key.type.choices ?? []).map((word) => `\`${word}\``).join(", ");
  const named = key.shownType ?? choices;
  const type = key.unit === undefined ? named : `${named} (${key.unit})`;
  const otherwise = key.default === undefined ? (key.absent ?? "") : `\`${key.default}\``;
  const examples = (key.examples ?? []).map((example) => `\`${flow(example)}\``).join(", ");
  return cells([`\`${name}\``, type, otherwise, key.description, examples]);
}

function cells(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** An example as it stands in a file: YAML's flow style, with quotes where a string needs them. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => nested(item)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `${name}: ${nested(item)}`)
    .join(", ")}}`;
}

function nested(value: unknown): string {
  return typeof value === "string" && !/^[A-Za-z./][\w./=+-]*$/.test(value)
    ? JSON.stringify(value)
    : flow(value);
}

import { z } from "zod";
import { deployReference } from "./deploy-schema.ts";
import { exampleMachineFile } from "./example.ts";
import { imageShape, networkShape, ownShape, projectShape, sharedShape } from "./schema.ts";
import { notes } from "./schema-key.ts";

/** docs/machine-file.md: the Markdown reference of the machine file, every key from its schema's note. */
export function renderMachineFileReference(): string {
  return `${introduction}
${section("name", "Stands for itself at the top of the file, as in `name: shop`.", projectShape)}
${section("network", "The one network that all machines are on. Every key is optional.", networkShape)}
${section("images", "Maps a name to where the image comes from: exactly one of `base`, `tarball` and `image`.", imageShape)}
${section(
  "machines",
  "Maps a name to a machine. A name is one DNS label: lower-case letters, digits and inner hyphens, at most 63. `db: {}` is a whole machine where the defaults name an image.",
  { ...sharedShape, ...ownShape },
)}
${section(
  "deploy",
  "Under a machine with a `root`: how a Docker Swarm runs it (see deploy.md). A dot leads into a map: `restart.delay` is `restart: {delay: 5s}`.",
  deployReference,
)}
## \`defaults\`

Takes the keys of a machine, apart from ${Object.keys(ownShape)
    .map((name) => `\`${name}\``)
    .join(", ")}. Every machine has them, unless it says otherwise:
its \`environment\` and \`labels\` are merged with the defaults', each other key of its own replaces the default, lists too.

${closing}`;
}

const introduction = `# The machine file

\`berth up\` reads \`berth.yaml\` in the current directory or the nearest above it. It names the machines you want, and what they have in common.

\`\`\`yaml
${exampleMachineFile.trimEnd()}
\`\`\`

The file is one YAML 1.2 document with a \`name\` and four sections, \`network\`, \`defaults\`, \`images\` and \`machines\`; only \`machines\` is needed.
A section whose name starts with \`x-\` is yours: a place for anchors.
Everything that is wrong is reported at once (the first fifty things, if they are more), with line and column, and nothing is changed then.
`;

const closing = `## Variables and anchors

Values (not keys) may hold variables of berth's own environment, as in Compose:

| Written | Means |
|---|---|
| \`\${NAME}\`, \`$NAME\` | its value; unset is an error |
| \`\${NAME:-default}\`, \`\${NAME-default}\` | the default if it is unset; with the colon, if it is empty too |
| \`\${NAME:?message}\`, \`\${NAME?message}\` | an error with this message if it is unset; with the colon, if it is empty too |
| \`\${NAME:+other}\`, \`\${NAME+other}\` | the other text if it is set; with the colon, if it is set and not empty |
| \`$$\` | a dollar sign |

Anchors (\`&name\`), aliases (\`*name\`) and merge keys (\`<<: *name\`) work; a file whose aliases expand to too much
(200,000 values) is refused, as is one nested more than 50 deep, of more than 50,000 words and marks of YAML, or of more than 1 MiB.

## Paths

A path of the host, in \`volumes\` and \`tarball\`, starts at the file's directory when it is relative, and at your home when it starts with \`~/\`.
`;

function section(name: string, about: string, shape: Readonly<Record<string, z.ZodType>>): string {
  const rows = Object.entries(shape).map(([key, schema]) => row(key, schema));
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

function row(key: string, schema: z.ZodType): string {
  const note = notes.get(schema);
  if (note === undefined) return cells([`\`${key}\``, "", "", "", ""]);
  const choices = schema instanceof z.ZodEnum ? schema.options.map((word) => `\`${word}\``).join(", ") : "";
  const named = note.type ?? choices;
  const type = note.unit === undefined ? named : `${named} (${note.unit})`;
  const otherwise = note.default === undefined ? (note.absent ?? "") : `\`${note.default}\``;
  const examples = (note.examples ?? []).map((example) => `\`${flow(example)}\``).join(", ");
  return cells([`\`${key}\``, type, otherwise, note.description, examples]);
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

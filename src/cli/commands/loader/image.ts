import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { defineCommand } from "#cli/frame/command.ts";
import type { Context } from "#cli/frame/context.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { formatSize } from "#cli/render/size.ts";
import { version } from "#cli/version.ts";
import { BerthError } from "#errors.ts";
import { type LoaderImage, packLoaderImage, storeLoaderImage } from "#image/loader/loader-image.ts";
import { writeArchive } from "#image/store/write-archive.ts";
import { parseImageTag } from "#plan/image/loader-image-reference.ts";

const defaultTags: readonly string[] = [`berth-loader:${version}`, "berth-loader:latest"];

export const image = defineCommand({
  name: "image",
  summary: "Make the loader's image",
  description: `
    Packs a small image from this berth and what it needs of this host (the C library, nft, iptables,
    sh) and loads it into the engine. Downloads nothing. The same berth on the same host makes the same image,
    down to its id.

    Every node of the swarm needs the image. Push it to a registry that all nodes reach (name it with --tag),
    or write it into a file with --output, without an engine, and \`docker load\` it on each.`,
  options: {
    tag: {
      short: "t",
      value: "REFERENCE",
      repeat: true,
      parse: parseImageTag,
      description: `name of the image, instead of ${defaultTags.join(" and ")}`,
    },
    output: {
      short: "o",
      value: "FILE",
      description: "write a tar for `docker load` instead, - for standard output",
      completes: "file",
    },
  },
  examples: [
    { command: "berth loader image", description: "into the engine" },
    { command: "berth loader image -o - | ssh node2 docker load", description: "onto another node" },
    {
      command: "berth loader image -t registry:5000/berth-loader:1",
      description: "to push it to a registry",
    },
  ],
  async action(context, _args, { tag, output }) {
    const references = tag.length > 0 ? tag : defaultTags;
    if (output !== undefined) return await write(context, references, output);
    // Connect first: an engine that does not answer makes the work useless.
    const engine = await openContextEngine(context);
    const packed = await pack(context, references);
    const id = await storeLoaderImage(engine, packed, context.signal);
    await show(context, { ...packed, id });
    return undefined;
  },
});

async function write(context: Context, references: readonly string[], output: string): Promise<undefined> {
  const { io, global, signal } = context;
  if (output !== "-") {
    const file = resolve(io.cwd, output);
    const packed = await pack(context, references);
    await writeArchive(packed.archive(), file, signal);
    return await show(context, { ...packed, file });
  }
  if (global.json || io.stdoutIsTerminal) {
    throw new BerthError(
      "usage",
      global.json ? "--output - and --json cannot be combined" : "cannot write the image to a terminal",
      { hint: "Name a file with --output." },
    );
  }
  const packed = await pack(context, references);
  await pipeline(packed.archive(), io.stdout, { signal, end: false });
  context.note(`${packed.references.join(", ")} ${packed.id}`);
  return undefined;
}

async function pack(context: Context, references: readonly string[]): Promise<LoaderImage> {
  const packed = await packLoaderImage([...new Set(references)], version);
  for (const warning of packed.warnings) context.warn(warning);
  return packed;
}

type Shown = Pick<LoaderImage, "references" | "id" | "size" | "architecture"> & { readonly file?: string };

async function show(
  context: Context,
  { references, id, size, architecture, file }: Shown,
): Promise<undefined> {
  const rows = [
    ["image", references.join(", ")],
    ["id", id],
    ["size", formatSize(size)],
    ...(file === undefined ? [] : [["file", file]]),
  ];
  await context.result({ id, references, size, architecture, ...(file !== undefined && { file }) }, () =>
    context.global.quiet
      ? `${id}\n`
      : rows.map(([key = "", value]) => `${key.padEnd(5)} ${value}\n`).join(""),
  );
  return undefined;
}

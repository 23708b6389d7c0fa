import { defineCommand } from "#cli/frame/command.ts";
import { openContextEngine } from "#cli/options/open.ts";
import { formatSize } from "#cli/render/size.ts";
import { type Column, renderTable } from "#cli/render/table.ts";
import { listMachineImages, type MachineImage } from "#image/store/list.ts";

const columns: readonly Column<MachineImage>[] = [
  { header: "NAME", value: (image) => image.name },
  {
    header: "STATE",
    value: (image) =>
      image.stored === undefined ? "not built" : image.base === undefined ? "built" : "builds others",
    paint: (text, image, style) => (image.stored === undefined ? style.dim(text) : style.green(text)),
  },
  { header: "SYSTEM", value: (image) => image.stored?.os ?? image.base ?? "", shrinks: true },
  { header: "INIT", value: (image) => image.stored?.init ?? "" },
  {
    header: "SIZE",
    value: (image) => (image.stored === undefined ? "" : formatSize(image.stored.size)),
    align: "right",
  },
  { header: "REFERENCE", value: (image) => image.stored?.reference ?? "", shrinks: true },
];

/** Unlike one that builds others. */
const isForMachines = ({ base }: MachineImage) => base === undefined;

export const command = defineCommand({
  name: "images",
  summary: "List images for machines",
  description: `
    Lists the built-in images, built or not, the images that berth made from recipes and tarballs, and the one
    that builds them for hosts without mmdebstrap. \`berth up\` builds what it needs. Any other image of the
    engine that has an init can be a machine, too; \`docker images\` lists those. With --quiet it prints only
    names of images for machines.`,
  options: { noTrunc: { description: "do not truncate long columns" } },
  examples: [
    { command: "berth images", description: "all images" },
    {
      command: "berth images --json | jq -r '.[] | select(.stored) | .stored.reference'",
      description: "those the engine has",
    },
  ],
  async action(context, _args, { noTrunc }) {
    const images = await listMachineImages(await openContextEngine(context), context.signal);
    if (context.global.quiet)
      await context.result(images, () =>
        [...new Set(images.filter(isForMachines).map(({ name }) => name))]
          .map((name) => `${name}\n`)
          .join(""),
      );
    else
      await context.result(images, ({ width, style }) =>
        renderTable(columns, images, { width, noTrunc, style }),
      );
    return undefined;
  },
});

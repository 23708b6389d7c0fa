import type { CommandGroup } from "#cli/frame/command.ts";
import { guard } from "./loader/guard.ts";
import { image } from "./loader/image.ts";
import { run } from "./loader/run.ts";

export const command: CommandGroup = {
  name: "loader",
  summary: "Run whole machines as services of a swarm",
  description: `
    The loader is the program of a swarm service. It starts a machine beside itself, from a folder of the
    host, and follows it: the machine's console becomes the service's log, and when the machine ends, so does
    the service's task.

    It comes as an image, which \`berth loader image\` makes.`,
  examples: [{ command: "berth loader image", description: "make the image that services run" }],
  default: "run",
  commands: [run, image, guard],
};

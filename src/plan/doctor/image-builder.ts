import { installCommand } from "#linux/package.ts";
import { ok, warn } from "./check.ts";
import type { Check, ImageBuilderFacts } from "./doctor-facts.ts";

/** Says what builds images, and warns where nothing can. */
export function checkImageBuilder({ choice, has, packageManager }: ImageBuilderFacts): Check {
  const [id, title] = ["image-tools", "Building images"];
  if (choice.where === "host") return ok(id, title, "mmdebstrap is installed");
  const { base, because } = choice;
  if (has === undefined) {
    const detail = `${because}: berth then builds images in a container, and no engine answers`;
    const install = installCommand("mmdebstrap", packageManager);
    return warn(id, title, detail, install ?? "start Docker, or give tarballs of roots");
  }
  return ok(id, title, `in a container of ${base}${preparations[has]} (${because})`);
}

/** What the first build does before. */
const preparations = {
  builder: "",
  base: ", which gets mmdebstrap first",
  nothing: ", which the engine pulls first",
} as const;

import { installCommand } from "#linux/package.ts";
import type { Check, ImageBuilderFacts } from "./doctor-facts.ts";

/** Says what builds images, and warns where nothing can. */
export function checkImageBuilder({ choice, has, packageManager }: ImageBuilderFacts): Check {
  const ok = { id: "image-tools", title: "Building images", status: "ok", hint: undefined } as const;
  if (choice.where === "host") return { ...ok, detail: "mmdebstrap is installed" };
  const { base, because } = choice;
  if (has === undefined)
    return {
      ...ok,
      status: "warn",
      detail: `${because}: berth then builds images in a container, and no engine answers`,
      hint: installCommand("mmdebstrap", packageManager) ?? "start Docker, or give tarballs of roots",
    };
  return { ...ok, detail: `in a container of ${base}${preparations[has]} (${because})` };
}

/** What the first build does before. */
const preparations = {
  builder: "",
  base: ", which gets mmdebstrap first",
  nothing: ", which the engine pulls first",
} as const;

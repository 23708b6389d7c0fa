import { label } from "../labels.ts";

/** What a container is to a loader, whose container has the id `loader`. */
export interface LoaderPart {
  readonly kind: "machine" | "guard";
  readonly loader: string;
}

/** A container as it was asked for. */
export interface SeenContainer {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode: string | undefined;
}

/**
 * Which part of a loader's a container is; undefined for anybody else's. Labels alone do not tell: an image's author writes any, and
 * by `docker commit` an image has those of what was committed, for every container that is made from it. What network a container is
 * in goes into no image, and a machine bears its own name besides.
 */
export function loaderPart({ name, labels, networkMode }: SeenContainer): LoaderPart | undefined {
  const { [label.loader]: machineOf, [label.guard]: guardOf, [label.machine]: madeAs } = labels;
  if (machineOf !== undefined && madeAs === name && networkMode === `container:${machineOf}`) return { kind: "machine", loader: machineOf };
  if (guardOf !== undefined && networkMode === "host") return { kind: "guard", loader: guardOf };
  return undefined;
}

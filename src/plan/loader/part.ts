import { isGiven, type Labels, label } from "#labels/machine.ts";

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
 * Which part of a loader's a container looks like; undefined for anybody else's. Labels alone do not tell: an
 * image's author writes any, and by `docker commit` an image has those of what was committed, for every
 * container that is made from it. What network a container is in goes into no image, nor does its name, which
 * a machine bears itself and a guard has after its loader's. `isPart` has the last word.
 */
export function loaderPart({ name, labels, networkMode }: SeenContainer): LoaderPart | undefined {
  const { [label.loader]: machineOf, [label.guard]: guardOf, [label.machine]: madeAs } = labels;
  if (machineOf !== undefined && madeAs === name && networkMode === `container:${machineOf}`)
    return { kind: "machine", loader: machineOf };
  if (guardOf !== undefined && networkMode === "host" && /.\.guard$/.test(name))
    return { kind: "guard", loader: guardOf };
  return undefined;
}

/**
 * Whether what looks like a part is one: its labels were given to it, and are not its image's. Of an image
 * that is gone (undefined) they may be: then a machine is told by its loader's network, which has an id that
 * no image's author knows, and a guard by nothing.
 */
export function isPart({ kind }: LoaderPart, labels: Labels, image: Labels | undefined): boolean {
  if (image === undefined) return kind === "machine";
  return isGiven(kind === "machine" ? [label.loader, label.creation] : [label.guard], labels, image);
}

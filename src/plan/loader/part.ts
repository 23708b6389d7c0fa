import { isGiven, type Labels, label } from "#labels/machine.ts";

/** What a container is to a loader, whose container has the id `loader`. */
export interface LoaderPart {
  readonly kind: "machine" | "guard";
  readonly loader: string;
}

/** A container as its creator requested it. */
export interface SeenContainer {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode: string | undefined;
}

/**
 * Which part of a loader a container looks like; undefined for other containers. Labels alone do not suffice:
 * an image's author can write any, and `docker commit` copies a container's labels to every container of the
 * new image. A container's network and name are not copied: a machine has its own name, a guard one after its
 * loader. `isPart` decides.
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
 * Whether a container that looks like a part is one: its labels are its own, not its image's. If the image is
 * gone (undefined) they may be the image's: then a machine still proves itself by its loader's network, whose
 * id no image's author knows, and a guard cannot.
 */
export function isPart({ kind }: LoaderPart, labels: Labels, image: Labels | undefined): boolean {
  if (image === undefined) return kind === "machine";
  return isGiven(kind === "machine" ? [label.loader, label.creation] : [label.guard], labels, image);
}

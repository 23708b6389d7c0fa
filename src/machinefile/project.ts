import { nearestLabel } from "./value/name.ts";

/** Whose machines are: a machine file's, or those of the command line. */
export interface Project {
  /** One DNS label: the file's `name`, else its directory's name. */
  readonly name: string;
  /** The absolute path of the machine file; undefined for machines that the command line describes. */
  readonly file?: string;
}

/**
 * The project of machines that are described on the command line, and of a directory whose name gives none.
 */
export const namelessProject = "berth";

/** The name that a machine file's directory gives its project: its last part, made a DNS label. */
export function projectNameOf(file: string): string {
  const directory = file.split("/").at(-2) ?? "";
  return nearestLabel(directory.slice(0, 63)) ?? namelessProject;
}

/** The domain of a project's machines where none is written. */
export function domainOf(project: string): string {
  return `${project}.internal`;
}

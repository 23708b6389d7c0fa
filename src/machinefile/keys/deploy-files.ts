import { deployDefaults, type MountedFile } from "#machinefile/deploy.ts";
import { omitUndefined } from "#machinefile/omit-undefined.ts";
import { type Path, type Problem, problem } from "#machinefile/problem.ts";
import { type Fields, map } from "#machinefile/type/map.ts";
import { scalar, text } from "#machinefile/type/scalar.ts";
import { expected, type Key, type ValueType } from "#machinefile/type/value-type.ts";
import {
  parseFileMode,
  parseFileOwner,
  parseFileTarget,
  parseStoredName,
} from "#machinefile/value/mounted-file.ts";

interface FileKind {
  /** What the swarm calls one. */
  readonly what: "secret" | "config";
  readonly description: string;
  /** Where a relative target is below. */
  readonly directory: string;
  /** What the default target has before the name. */
  readonly prefix: string;
  /** A target, for the reference. */
  readonly example: string;
}

/** The key of swarm secrets or configs that become files: names, or maps with more keys. */
export function filesKey(kind: FileKind): Key<readonly MountedFile[]> {
  return {
    type: files(kind),
    shownType: "list of names, or of maps with `source`, `target`, `uid`, `gid`, `mode`",
    description: kind.description,
    absent: "none",
    examples: [[`${kind.what}-one`, { source: `${kind.what}-two`, target: "two", mode: "0440" }]],
  };
}

function files(kind: FileKind): ValueType<readonly MountedFile[]> {
  const keys = fileKeys(kind);
  const long = map(keys, { schema: { required: ["source"] } });
  const { type: name, description, examples } = keys.source;
  const parseFile = (item: unknown, path: Path, problems: Problem[]): MountedFile | undefined => {
    if (typeof item !== "string" && (typeof item !== "object" || item === null)) {
      problems.push(problem(path, expected("a name, or a map with source", item, "tls-key")));
      return undefined;
    }
    const before = problems.length;
    const fields: Fields<typeof keys> | undefined =
      typeof item === "string"
        ? omitUndefined({ source: name.read(item, path, problems) })
        : long.read(item, path, problems);
    if (problems.length > before || fields === undefined) return undefined;
    const { source, target = `${kind.prefix}${source}`, uid = "0", gid = "0" } = fields;
    const { mode = deployDefaults.fileMode } = fields;
    if (source === undefined) {
      problems.push(problem(path, "missing source (example: {source: tls-key})"));
      return undefined;
    }
    return { source, target, uid, gid, mode };
  };
  return {
    schema: {
      type: "array",
      items: { anyOf: [{ ...name.schema, description, examples }, long.schema] },
    },
    read(raw, path, problems) {
      if (!Array.isArray(raw)) {
        problems.push(problem(path, expected("a list of names, or of maps with source", raw)));
        return undefined;
      }
      const targets = new Set<string>();
      return raw.flatMap((item: unknown, index) => {
        const at = [...path, index];
        const file = parseFile(item, at, problems);
        if (file === undefined) return [];
        if (targets.has(file.target)) problems.push(problem(at, `duplicate file ${file.target}`));
        targets.add(file.target);
        return [file];
      });
    },
  };
}

function fileKeys({ what, directory, example }: FileKind) {
  const owner = scalar("a user or group id", "101", parseFileOwner);
  return {
    source: {
      type: text(`a ${what}'s name`, "tls-key", parseStoredName),
      shownType: "name",
      description: `The ${what} in the swarm.`,
      absent: "required",
      examples: ["key"],
    },
    target: {
      type: text("a path", example, parseFileTarget),
      shownType: "path",
      description: `The file; relative ones are below ${directory}.`,
      absent: "its name",
      examples: [example],
    },
    uid: { type: owner, shownType: "number", description: "Its owner.", default: "0", examples: [101] },
    gid: { type: owner, shownType: "number", description: "Its group.", default: "0", examples: [101] },
    mode: {
      type: scalar("permission bits", '"0440"', parseFileMode),
      shownType: "octal digits",
      description: "Its permission bits.",
      default: "0444",
      examples: ["0440"],
    },
  };
}

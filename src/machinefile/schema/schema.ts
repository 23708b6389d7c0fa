import { z } from "zod";
import { profiles } from "#contract/profiles.ts";
import { parseCapability } from "#linux/capability.ts";
import { defaults, restartPolicies, systems, variants } from "#machinefile/machine.ts";
import { parseRoot } from "#machinefile/read/deploy.ts";
import { parseDuration } from "#machinefile/value/duration.ts";
import {
  type Entry,
  parseLabel,
  parseLabelName,
  parseVariable,
  parseVariableName,
} from "#machinefile/value/environment.ts";
import {
  parseMachineImage,
  parseMirror,
  parsePackage,
  parseReference,
  parseRelease,
} from "#machinefile/value/image.ts";
import { parseIds } from "#machinefile/value/limit.ts";
import { parseDomain, parseHostname, parseName } from "#machinefile/value/name.ts";
import { parseAddress, parseSubnet } from "#machinefile/value/network.ts";
import { parsePublish } from "#machinefile/value/publish.ts";
import { parseVolume } from "#machinefile/value/volume.ts";
import { usageError } from "#usage.ts";
import { deployShape } from "./deploy-schema.ts";
import { limitShape } from "./limit-schema.ts";
import { addFault, choice, expected, key, list, notes, scalar, text } from "./schema-key.ts";

/** What the file says of itself. */
export const projectShape = {
  name: key(text("a name", parseName), {
    type: "name",
    description:
      "The project's name: what `berth ls` shows of whose a machine is, and what the domain is made of.",
    absent: "the directory's name",
    examples: ["shop"],
  }),
};

/** The keys under `network`. */
export const networkShape = {
  domain: key(text("a domain", parseDomain), {
    type: "domain",
    description:
      "The domain of the machines; the engine's network bears this name. A machine is `NAME.DOMAIN`.",
    absent: "the project's name and `.internal`, as in `shop.internal`",
    examples: ["lab.test"],
  }),
  subnet: key(text("a subnet", parseSubnet), {
    type: "IPv4 subnet, /8 to /29",
    description: "The addresses of the machines.",
    absent: "a free one, or the /24 of the `address` keys",
    examples: ["10.20.0.0/16"],
  }),
  gateway: key(text("an address", parseAddress), {
    type: "IPv4 address",
    description: "The host's own address in the subnet.",
    absent: "the subnet's first address",
    examples: ["172.31.0.254"],
  }),
  mode: key(choice(["bridge"]), {
    description: "The kind of network. This version knows `bridge` alone.",
    default: "bridge",
  }),
};

/** The keys of one image: exactly one of `base`, `tarball` and `image`. */
export const imageShape = {
  base: key(choice(["scratch"]), {
    description:
      "`scratch` builds the image from a distribution's packages; the keys `os` to `variant` then say which.",
  }),
  os: key(choice(systems), { description: "The distribution.", absent: "required with `base`" }),
  release: key(text("a release", parseRelease), {
    type: "text",
    description: "The distribution's release by its code name.",
    absent: "required with `base`",
    examples: ["bookworm"],
  }),
  packages: key(list("packages", text("a package", parsePackage)), {
    type: "list of packages",
    description: "Packages besides those of the variant and the init.",
    absent: "none",
    examples: [["openssh-server", "curl"]],
  }),
  mirror: key(text("a URL", parseMirror), {
    type: "URL",
    description: "The package archive.",
    absent: "the distribution's own",
    examples: ["http://archive.example/debian"],
  }),
  variant: key(choice(variants), {
    description: "How much of the distribution to start from, in the words of mmdebstrap(1).",
    absent: "the builder's choice",
    examples: ["minbase"],
  }),
  tarball: key(text("a path", parsePath), {
    type: "path",
    description:
      "A tarball of a root filesystem. A relative path starts at the file's directory, `~/` at your home.",
    examples: ["./rootfs.tar"],
  }),
  image: key(text("an image", parseReference), {
    type: "image",
    description: "An image that the engine has. Nothing is pulled.",
    examples: ["host.example:5000/base:12"],
  }),
};

/** The keys that describe one machine alone, so they have no place under `defaults`. */
export const ownShape = {
  hostname: key(text("a host name", parseHostname), {
    type: "host name",
    description: "What the machine calls itself.",
    absent: "the machine's name",
    examples: ["web.example.org"],
  }),
  address: key(text("an address", parseAddress), {
    type: "IPv4 address",
    description: "The machine's address in the subnet.",
    absent: "allocated once and kept",
    examples: ["172.31.0.10"],
  }),
  aliases: key(list("names", text("a name", parseName)), {
    type: "list of names",
    description: "Further names of the machine in the domain.",
    absent: "none",
    examples: [["www"]],
  }),
  root: key(text("a path", parseRoot), {
    type: "absolute path",
    description:
      "A folder of a host that is the machine's root, instead of `image`. Such a machine is a service of a Docker Swarm: `berth deploy` runs it.",
    absent: "the machine is made of `image`",
    examples: ["/srv/mailcow"],
  }),
  deploy: key(z.strictObject(deployShape).partial(), {
    type: "map, see `deploy` below",
    description: "How the swarm runs a machine that has a `root`.",
    absent: "anywhere, with the defaults below",
    examples: [{ node: "server1", networks: ["application"] }],
  }),
};

/** The keys of a machine that may also stand under `defaults`. */
export const sharedShape = {
  image: key(text("an image", parseMachineImage), {
    type: "image",
    description:
      "A name under `images`, a root's tarball (`./root.tar.xz`), an image of the engine, or a built-in name.",
    absent: "required, here or under `defaults`, unless there is a `root`",
    examples: ["debian-12"],
  }),
  publish: key(list("ports", scalar("a port such as 8080:80", parsePublish)), {
    type: "list of ports",
    description:
      "Ports of the host that lead to the machine: `[[ADDRESS:]HOST:]PORT[/tcp|udp|sctp]`, where HOST and PORT may be ranges of one length. " +
      "A lone port is the same on both sides, HOST `0` lets the engine choose, an IPv6 address stands in brackets.",
    absent: "none",
    examples: [[80, "8080:80", "53:53/udp", "1000-1010:2000-2010", "127.0.0.1:8443:443"]],
  }),
  profile: key(choice(profiles), {
    description:
      "How much the machine may do. `full`: all that a virtual machine's root may, in a user namespace of its own, so that its root is nobody on the host. " +
      "`strict`: the engine's default capabilities, over the host's own ids. `privileged`: everything the host's root may.",
    absent: "`full` where the host can, else `strict` with a warning that says why",
  }),
  ids: key(scalar("a number of ids: 65536, 131072 …", parseIds), {
    type: "number",
    description:
      "How many user and group ids a machine has in the profile `full`. More than one system's are for what makes user namespaces inside of it.",
    absent: "65536, which is one ordinary system's",
    examples: [131_072],
  }),
  ...limitShape,
  lxcfs: key(z.boolean({ error: expected("true or false") }), {
    type: "true or false",
    description:
      "Whether `free`, `nproc`, `uptime` and `top` show the machine's own memory, processors, age and load instead of the host's. Needs berth-runtime, and lxcfs on the engine's host.",
    absent: "not used",
    examples: [true],
  }),
  volumes: key(list("volumes", text("a volume such as data:/srv", parseVolume)), {
    type: "list of volumes",
    description:
      "What is mounted into the machine: `NAME:TARGET` a volume of the engine, `/HOST:TARGET`, `./HOST:TARGET` or `~/HOST:TARGET` a path of the host, " +
      "`TARGET` alone a volume that goes with the machine. `:ro` at the end makes it read-only.",
    absent: "none",
    examples: [["data:/srv", "./conf:/etc/app:ro", "/var/cache"]],
  }),
  environment: key(entries("variables", parseVariable, parseVariableName), {
    type: "map, or list of NAME=value",
    description:
      "Variables of the init. One without a value takes berth's own, and is left out where that is not set.",
    absent: "none",
    examples: [{ LANG: "C.UTF-8" }, ["LANG=C.UTF-8", "TZ"]],
  }),
  capabilities: key(list("capabilities", text("a capability", parseCapability)), {
    type: "list of capabilities",
    description: "Linux capabilities besides the profile's, with or without `CAP_`, in any case.",
    absent: "none",
    examples: [["NET_ADMIN"]],
  }),
  depends_on: key(list("machines", text("a machine", parseName)), {
    type: "list of machines",
    description: "Machines that are up before this one starts.",
    absent: "none",
    examples: [["db"]],
  }),
  restart: key(choice(restartPolicies), {
    description: "When the engine starts the machine again by itself.",
    default: defaults.restart,
    examples: ["always"],
  }),
  command: key(
    list("words", text("text", parseWord)).min(1, {
      error: "the command is empty; leave the key out for the image's own",
    }),
    {
      type: "list of text",
      description: "The init and its arguments.",
      absent: "the image's own",
      examples: [["/sbin/init", "--log-target=console"]],
    },
  ),
  stop_timeout: key(scalar("a time such as 90s", parseDuration), {
    type: "time",
    unit: "seconds, or such as 1m30s",
    description: "How long the init may take to stop before it is killed.",
    absent: "berth's own",
    examples: [90, "1m30s"],
  }),
  labels: key(entries("labels", parseLabel, parseLabelName), {
    type: "map, or list of key=value",
    description: "Labels of the container. `berth.` is reserved.",
    absent: "none",
    examples: [{ team: "mail" }],
  }),
};

export const machineShape = { ...sharedShape, ...ownShape };

const imageForms = [
  { required: ["base", "os", "release"] },
  { required: ["tarball"] },
  { required: ["image"] },
];

/**
 * The whole file. Its parts are read key by key (fleet.ts), so that one fault hides no other; this says how
 * they fit together.
 */
export const fileSchema = z
  .strictObject({
    ...z.object(projectShape).partial().shape,
    network: z.strictObject(networkShape).partial().nullable().optional(),
    defaults: z.strictObject(sharedShape).partial().nullable().optional(),
    images: z
      .record(z.string(), z.strictObject(imageShape).partial().meta({ oneOf: imageForms }))
      .nullable()
      .optional(),
    machines: z.record(z.string(), z.strictObject(machineShape).partial().nullable()),
  })
  .meta({ title: "berth machine file", patternProperties: { "^x-": {} } });

/** The JSON Schema (draft 2020-12) of the machine file, for editors. */
export function machineFileJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(fileSchema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const inner = zodSchema instanceof z.ZodOptional ? zodSchema.unwrap() : zodSchema;
      const note = notes.get(inner);
      if (note === undefined) return;
      jsonSchema.description = note.description;
      if (note.default !== undefined) jsonSchema.default = note.default;
      if (note.examples !== undefined) jsonSchema.examples = [...note.examples];
    },
  });
}

function entries(what: string, parseEntry: (text: string) => Entry, parseKey: (text: string) => string) {
  const value = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: expected("text") });
  return z
    .union(
      [
        z.record(z.string(), z.unknown().meta({ type: ["string", "number", "boolean", "null"] })),
        z.array(z.unknown().meta({ type: "string" })),
      ],
      { error: expected(`a map or a list of ${what}`) },
    )
    .transform((input, context): Entry[] => {
      const result: Entry[] = [];
      const isList = Array.isArray(input);
      for (const [name, item] of Object.entries(input)) {
        const at = isList ? [Number(name)] : [name];
        const read = isList
          ? z.string({ error: expected("text such as NAME=value") }).safeParse(item)
          : value.safeParse(item);
        if (!read.success) {
          for (const issue of read.error.issues)
            context.addIssue({ code: "custom", message: issue.message, path: at });
          continue;
        }
        try {
          result.push(isList ? parseEntry(String(read.data)) : entryOf(parseKey(name), read.data));
        } catch (error) {
          addFault(error, context, at);
        }
      }
      return result;
    });
}

function entryOf(name: string, value: string | number | boolean | null): Entry {
  return value === null ? { name } : { name, value: String(value) };
}

function parsePath(input: string): string {
  if (input === "" || input.includes("\0")) throw usageError("a path is one character or more, and no NUL");
  return input;
}

function parseWord(input: string): string {
  if (input.includes("\0")) throw usageError("an argument holds no NUL");
  return input;
}

import { systems, variants } from "#machinefile/machine.ts";
import { type Problem, problem } from "#machinefile/problem.ts";
import { list } from "#machinefile/type/list.ts";
import { type Fields, map } from "#machinefile/type/map.ts";
import { choice, text } from "#machinefile/type/scalar.ts";
import { parseMirror, parsePackage, parseReference, parseRelease } from "#machinefile/value/image.ts";
import { invalid } from "#machinefile/value/invalid.ts";

/** The keys of one image: exactly one of `base`, `tarball` and `image`. */
export const imageKeys = {
  base: {
    type: choice(["scratch"]),
    description:
      "`scratch` builds the image from a distribution's packages; the keys `os` to `variant` then say which.",
  },
  os: { type: choice(systems), description: "The distribution.", absent: "required with `base`" },
  release: {
    type: text("a release", "bookworm", parseRelease),
    shownType: "text",
    description: "The distribution's release by its code name.",
    absent: "required with `base`",
    examples: ["bookworm"],
  },
  packages: {
    type: list("packages", text("a package", "openssh-server", parsePackage)),
    shownType: "list of packages",
    description: "Packages besides those of the variant and the init.",
    absent: "none",
    examples: [["openssh-server", "curl"]],
  },
  mirror: {
    type: text("a URL", "http://archive.example/debian", parseMirror),
    shownType: "URL",
    description: "The package archive.",
    absent: "the distribution's own",
    examples: ["http://archive.example/debian"],
  },
  variant: {
    type: choice(variants),
    description: "The set of packages to start from: a variant of mmdebstrap(1).",
    absent: "the builder's choice",
    examples: ["minbase"],
  },
  tarball: {
    type: text("a path", "./rootfs.tar", parsePath),
    shownType: "path",
    description:
      "A tarball of a root filesystem. A relative path starts at the file's directory, `~/` at your home.",
    examples: ["./rootfs.tar"],
  },
  image: {
    type: text("an image", "host.example:5000/base:12", parseReference),
    shownType: "image",
    description: "An image that the engine has. berth pulls nothing.",
    examples: ["host.example:5000/base:12"],
  },
};

/** One image under `images`. */
export const imageType = map(imageKeys, {
  check: checkForm,
  schema: {
    oneOf: [{ required: ["base", "os", "release"] }, { required: ["tarball"] }, { required: ["image"] }],
  },
});

const forms = ["base", "tarball", "image"];

function* checkForm(
  written: readonly string[],
  read: Fields<typeof imageKeys>,
  path: Problem["path"],
): Generator<Problem> {
  const found = written.filter((key) => forms.includes(key));
  if (found.length !== 1) {
    const what =
      found.length === 0
        ? "no source"
        : `more than one source, ${forms.filter((form) => found.includes(form)).join(" and ")}`;
    yield problem(path, `${what} (exactly one of base, tarball and image)`);
  } else if (found[0] === "base") {
    for (const key of ["os", "release"].filter((name) => !written.includes(name)))
      yield problem(path, `missing ${key} (example: {base: scratch, os: debian, release: bookworm})`);
  } else {
    for (const key of Object.keys(read).filter((name) => !forms.includes(name)))
      yield problem([...path, key], "belongs to an image with base: scratch alone", undefined, "key");
  }
}

function parsePath(input: string): string {
  if (input === "" || input.includes("\0"))
    throw invalid("path", input, "example: ./rootfs.tar; one character or more, no NUL");
  return input;
}

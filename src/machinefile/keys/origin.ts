import { text } from "#machinefile/type/scalar.ts";
import { parseMachineImage } from "#machinefile/value/image.ts";
import { parseRoot } from "#machinefile/value/root-folder.ts";
import { deployType } from "./deploy.ts";
import { buildDeploy } from "./deploy-spec.ts";
import { machineKey } from "./machine-key.ts";

/** What a machine is made of, and so where it runs. */
export const originKeys = {
  image: machineKey("image", {
    type: text("an image", "debian-12", parseMachineImage),
    shownType: "image",
    description:
      "A name under `images`, a root's tarball (`./root.tar.xz`), an image of the engine, or a built-in " +
      "name.",
    absent: "required, here or under `defaults`, unless there is a `root`",
    examples: ["debian-12"],
    resolve: (written, { hasRoot }) => (hasRoot ? "" : (written ?? "")),
    option: {
      value: "IMAGE",
      description: "built-in name, image of the engine, or tarball of a root",
      env: "IMAGE",
      completes: "image",
    },
  }),
  root: machineKey("root", {
    type: text("a path", "/srv/mailcow", parseRoot),
    shownType: "absolute path",
    description:
      "A folder of a host that is the machine's root, instead of `image`. " +
      "Such a machine is a service of a Docker Swarm: `berth deploy` runs it.",
    absent: "the machine is made of `image`",
    examples: ["/srv/mailcow"],
    isOwn: true,
    label: { form: "value", also: ["folder"] },
  }),
  deploy: machineKey("deploy", {
    type: deployType,
    shownType: "map, see `deploy` below",
    description: "How the swarm runs a machine that has a `root`.",
    absent: "anywhere, with the defaults below",
    examples: [{ node: "server1", networks: ["application"] }],
    isOwn: true,
    resolve: (written, { hasRoot, stopTimeout }) =>
      hasRoot ? buildDeploy(written ?? {}, stopTimeout) : undefined,
  }),
};

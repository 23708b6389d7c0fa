import { profiles } from "#contract/profiles.ts";
import { parseCapability } from "#linux/capability.ts";
import { list } from "#machinefile/type/list.ts";
import { choice, scalar, text, toggle } from "#machinefile/type/scalar.ts";
import { parseIds } from "#machinefile/value/limit.ts";
import { machineKey } from "./machine-key.ts";

/** What a machine may do, and what it sees of its host. */
export const confinementKeys = {
  profile: machineKey("profile", {
    type: choice(profiles),
    description:
      "How much the machine may do. `full`: all that a virtual machine's root may, in a user namespace " +
      "of its own, so that its root is nobody on the host. " +
      "`strict`: the engine's default capabilities, over the host's own ids. `privileged`: everything " +
      "the host's root may.",
    absent: "`full` if the host supports it, else `strict` with a warning",
    option: { value: "PROFILE", description: "how much the machine may do (full, else strict)" },
    label: { form: "value" },
  }),
  ids: machineKey("ids", {
    type: scalar("a number of ids", "131072", parseIds),
    shownType: "number",
    description:
      "Number of user and group ids of a machine in the profile `full`. More are useful for programs " +
      "that make user namespaces in it.",
    absent: "65536, as an ordinary system has",
    examples: [131_072],
    option: { value: "N", description: "user and group ids of a machine in profile full (65536)" },
    label: { form: "value" },
  }),
  capabilities: machineKey("capabilities", {
    type: list("capabilities", text("a capability", "NET_ADMIN", parseCapability)),
    shownType: "list of capabilities",
    description: "Linux capabilities besides the profile's, with or without `CAP_`, in any case.",
    absent: "none",
    examples: [["NET_ADMIN"]],
    resolve: (written = []) => [...new Set(written)],
    option: {
      name: "cap-add",
      value: "CAPABILITY",
      repeat: true,
      description: "capability to add (example: NET_ADMIN)",
    },
    label: { form: "list", also: ["cap-add"] },
  }),
  lxcfs: machineKey("lxcfs", {
    type: toggle,
    shownType: "true or false",
    description:
      "Whether `free`, `nproc`, `uptime` and `top` show the machine's own memory, processors, age and " +
      "load instead of the host's. " +
      "Needs berth-runtime, and lxcfs on the engine's host.",
    absent: "not used",
    examples: [true],
    // False is what an absent key means too.
    resolve: (written) => written || undefined,
    option: { description: "show the machine its own memory, processors, uptime and load (needs lxcfs)" },
    label: { form: "value" },
  }),
};

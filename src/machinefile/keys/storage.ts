import { list } from "#machinefile/type/list.ts";
import { scalar, text } from "#machinefile/type/scalar.ts";
import { parseShmSize } from "#machinefile/value/size.ts";
import { parseTmpfs, renderTmpfsSpec } from "#machinefile/value/tmpfs.ts";
import { parseVolume, renderVolume } from "#machinefile/value/volume.ts";
import { machineKey } from "./machine-key.ts";

/** What is mounted into a machine. */
export const storageKeys = {
  volumes: machineKey("volumes", {
    type: list("volumes", text("a volume", "data:/srv", parseVolume)),
    shownType: "list of volumes",
    description:
      "What is mounted into the machine: `NAME:TARGET` a volume of the engine, `/HOST:TARGET`, " +
      "`./HOST:TARGET` or `~/HOST:TARGET` a path of the host, " +
      "`TARGET` alone a volume that goes with the machine. `:ro` at the end makes it read-only.",
    absent: "none",
    examples: [["data:/srv", "./conf:/etc/app:ro", "/var/cache"]],
    resolve: (written) => written ?? [],
    option: {
      name: "volume",
      short: "v",
      value: "VOLUME",
      repeat: true,
      description: "mount [SOURCE:]TARGET[:ro]",
    },
    label: { form: "list", render: renderVolume },
  }),
  tmpfs: machineKey("tmpfs", {
    type: list("file systems in memory", text("a tmpfs", "/tmp:size=64m", parseTmpfs)),
    shownType: "list of PATH[:OPTIONS]",
    description:
      "File systems in memory, empty at each boot, as in Compose. At /tmp, /run and /run/lock it " +
      "takes the place of the machine's own. " +
      "Options: `size`, `nr_inodes`, `mode`, `uid`, `gid`, `ro`, `exec` and the like (tmpfs(5)).",
    absent: "those that every machine has",
    examples: [["/tmp:size=64m", "/var/cache:size=1g,mode=755"]],
    // None is what an absent key means too.
    resolve: (written) => (written?.length ? written : undefined),
    option: {
      value: "PATH[:OPTIONS]",
      repeat: true,
      description: "file system in memory (example: /tmp:size=64m)",
    },
    label: { form: "list", render: renderTmpfsSpec },
  }),
  shm_size: machineKey("shmSize", {
    type: scalar("a size", "1G", parseShmSize),
    shownType: "size",
    unit: "bytes",
    description: "Size of /dev/shm, the memory that the processes of a database share.",
    absent: "a share of the memory, see machines.md",
    examples: ["1G"],
    option: { value: "SIZE", description: "size of /dev/shm (example: 1G; default: a share of the memory)" },
    label: { form: "flags", render: (size) => [`shm-size=${size}`] },
  }),
};

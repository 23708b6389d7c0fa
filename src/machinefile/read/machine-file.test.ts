// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of machine files.
import { expect, test } from "bun:test";
import { hasCode } from "#errors.ts";
import type { Fleet, MachineSpec } from "#machinefile/machine.ts";
import { exampleMachineFile } from "#machinefile/schema/example.ts";
import { type FileProblem, parseMachineFile } from "./machine-file.ts";

function read(text: string, environment: Record<string, string> = {}): Fleet {
  return parseMachineFile(text, { fileName: "berth.yaml", environment });
}

function machineOf(text: string, environment: Record<string, string> = {}): MachineSpec {
  const [machine] = read(text, environment).machines;
  if (machine === undefined) throw new Error("a fleet without machines");
  return machine;
}

/** The lines of the error, without the file's name; they must agree with its details. */
function faults(text: string, environment: Record<string, string> = {}): string[] {
  let thrown: unknown;
  try {
    thrown = read(text, environment);
  } catch (error) {
    thrown = error;
  }
  if (!hasCode(thrown, "file-invalid"))
    throw new Error(`expected file-invalid, met ${JSON.stringify(thrown)}`, { cause: thrown });
  const lines = thrown.message.split("\n");
  const details = thrown.details as FileProblem[];
  const named = lines.filter((line) => !/^and \d+ more$/.test(line));
  expect(named.map((line) => line.split(" ")[0])).toEqual(
    details.map(({ line, column }) => `berth.yaml:${line}:${column}`),
  );
  return lines.map((line) => line.replace(/^berth\.yaml:/, ""));
}

test("the documented example is a fleet", () => {
  const fleet = read(exampleMachineFile);
  expect([fleet.project, fleet.network]).toEqual([
    { name: "shop", file: "berth.yaml" },
    { domain: "shop.example", subnet: "10.72.0.0/24" },
  ]);
  expect(fleet.images).toEqual({
    "debian-12": { base: "scratch", os: "debian", release: "bookworm", packages: ["openssh-server"] },
    rescue: { tarball: "./rescue.tar" },
  });
  expect(fleet.machines.map(({ name }) => name)).toEqual(["web", "db", "spare"]);
  expect(fleet.machines[0]).toEqual({
    name: "web",
    image: "debian-12",
    hostname: "web",
    address: "10.72.0.10",
    aliases: ["www"],
    publish: [
      { hostPort: 80, port: 80, count: 1, protocol: "tcp" },
      { hostPort: 8443, port: 443, count: 1, protocol: "tcp" },
    ],
    cpus: 1.5,
    memory: 536870912,
    volumes: [
      { kind: "volume", source: "data", target: "/srv", readOnly: false },
      { kind: "bind", source: "./site", target: "/var/www", readOnly: true },
    ],
    environment: { STAGE: "test" },
    capabilities: ["CAP_NET_ADMIN"],
    dependsOn: ["db"],
    restart: "unless-stopped",
    labels: {},
  });
});

test("everything may be written", () => {
  const machine = machineOf(`
network: {domain: lab.test, subnet: 10.0.0.0/16, gateway: 10.0.0.254, mode: bridge}
images: {e: {image: "host.example:5000/x:1"}, u: {base: scratch, os: ubuntu, release: noble, mirror: "http://a.example/u", variant: minbase}}
machines:
  m: {image: e, hostname: M.Example, profile: privileged, memory: 64m, memory_swap: -1, pids: 100, restart: no,
      cpuset_cpus: 0-1, blkio_weight: 300, device_read_bps: ["/dev/sda:1k"], device_write_iops: ["/dev/sda:9"], lxcfs: true,
      shm_size: 1G, tmpfs: ["/tmp:size=64m", /srv],
      command: [/sbin/init, --x], stop_timeout: 1m, labels: [a=b], environment: [A=b, C], capabilities: [bpf, CAP_BPF]}
`);
  expect(machine).toMatchObject({
    hostname: "M.Example",
    profile: "privileged",
    memorySwap: -1,
    pids: 100,
    restart: "no",
  });
  expect(machine).toMatchObject({
    cpuset: "0-1",
    blkioWeight: 300,
    lxcfs: true,
    deviceReadBps: [{ device: "/dev/sda", rate: 1024 }],
  });
  expect(machine).toMatchObject({
    shmSize: 2 ** 30,
    tmpfs: [
      { target: "/tmp", options: ["size=67108864"] },
      { target: "/srv", options: [] },
    ],
  });
  expect(machine.deviceWriteIops).toEqual([{ device: "/dev/sda", rate: 9 }]);
  expect(machine).not.toHaveProperty("deviceWriteBps");
  expect(machine).toMatchObject({
    command: ["/sbin/init", "--x"],
    stopTimeout: 60,
    labels: { a: "b" },
    capabilities: ["CAP_BPF"],
  });
  expect(machine.environment).toEqual({ A: "b" });
});

test("defaults: a machine's own scalars and lists replace them, its maps are merged", () => {
  const { machines } = read(`
defaults: {image: i, memory: 1g, capabilities: [BPF], environment: {A: 1, B: 2}, labels: {l: x}}
machines:
  a: {memory: 2g, capabilities: [], environment: {B: 3, C: 4}}
  b:
`);
  expect(machines[0]).toMatchObject({
    image: "i",
    memory: 2 ** 31,
    capabilities: [],
    environment: { A: "1", B: "3", C: "4" },
  });
  expect(machines[1]).toMatchObject({
    memory: 2 ** 30,
    capabilities: ["CAP_BPF"],
    environment: { A: "1", B: "2" },
    labels: { l: "x" },
  });
});

test("values keep their digits, and names theirs", () => {
  const machine = machineOf(
    "machines: {007: {image: 12, environment: {V: 1.10, T: True, F: false, N: 0x10, BIG: 12345678901234567890}}}".replace(
      "12,",
      '"12",',
    ),
  );
  expect(machine.name).toBe("007");
  expect(machine.environment).toEqual({
    V: "1.10",
    T: "True",
    F: "false",
    N: "0x10",
    BIG: "12345678901234567890",
  });
});

test("anchors, merge keys and variables work", () => {
  const text = `
x-common: &common {image: "\${IMAGE:-small}", environment: {PRICE: 5$$, WHO: $WHO}}
machines:
  web:
    <<: *common
    memory: "\${MEMORY}"
    cpus: \${CPUS-2}
`;
  expect(machineOf(text, { WHO: "me", MEMORY: "64M" })).toMatchObject({
    image: "small",
    memory: 67108864,
    cpus: 2,
    environment: { PRICE: "5$", WHO: "me" },
  });
});

test("every problem of a file is found, at its place", () => {
  expect(
    faults(`network: {subnet: 10.72.0.5/24, dns: {}, mode: macvlan}
defaults: {imge: x, address: 1.2.3.4, memory: 512}
images:
  a: {base: scratch, tarball: x}
  b: {base: scratch, os: debain}
  c: {tarball: x, os: debian}
  d: 3
  E: {image: x}
services: {}
machines:
  web:
    image: a
    memroy: 5
    publish: [80, "x:y", {}]
    ssh: {}
    volumes: ["a1:/", 5]
    environment: {A-B: 1, C: [1]}
    capabilities: [NETADMIN]
    memory_swap: 1G
    restart: false
    command: []
    labels: 5
  Web_2: {depends_on: [wbe], image: "", cpus: 0}
  x: 3
  y: {ports: []}
`),
  ).toEqual([
    '1:19 network.subnet: invalid subnet "10.72.0.5/24" (example: 10.72.0.0/24; its first address); did you mean "10.72.0.0/24"?',
    "1:33 network.dns: unknown key",
    '1:48 network.mode: invalid value "macvlan" (one of: bridge)',
    '2:12 defaults.imge: unknown key; did you mean "image"?',
    "2:21 defaults.address: belongs to one machine and cannot be a default",
    '2:47 defaults.memory: invalid memory "512" (example: 512M; at least 6M); did you mean "512M"?',
    "4:3 images.a: more than one source, base and tarball (exactly one of base, tarball and image)",
    "5:3 images.b: missing release (example: {base: scratch, os: debian, release: bookworm})",
    '5:26 images.b.os: invalid value "debain" (one of: debian, ubuntu); did you mean "debian"?',
    "6:19 images.c.os: belongs to an image with base: scratch alone",
    "7:6 images.d: expected a map, not 3",
    '8:3 images.E: invalid image name "E" (example: debian-12; lower-case letters and digits, joined by ".", "_" or "-")',
    '9:1 services: unknown key; did you mean "machines"?',
    '13:5 machines.web.memroy: unknown key; did you mean "memory"?',
    '14:19 machines.web.publish[1]: invalid port "x:y" (example: 8080:80; 1 to 65535, or a range 1000-1010)',
    "14:26 machines.web.publish[2]: expected a port, not a map (example: 8080:80)",
    "15:5 machines.web.ssh: unknown key",
    '16:15 machines.web.volumes[0]: invalid volume "a1:/" (example: data:/srv or ./conf:/etc/app:ro; not over the machine\'s own root)',
    "16:23 machines.web.volumes[1]: expected a volume, not 5 (example: data:/srv)",
    '17:24 machines.web.environment.A-B: invalid variable name "A-B" (example: LANG; letters, digits and "_", no digit first); did you mean "A_B"?',
    "17:27 machines.web.environment.C: expected text, not a list",
    '18:20 machines.web.capabilities[0]: unknown capability "NETADMIN" (example: NET_ADMIN); did you mean "NET_ADMIN"?',
    '20:14 machines.web.restart: invalid value false (one of: no, on-failure, unless-stopped, always); did you mean "no"?',
    "21:5 machines.web.command: empty command (example: [/sbin/init]; without the key it is the image's own)",
    "22:13 machines.web.labels: expected a map or a list of labels, not 5",
    '23:3 machines.Web_2: invalid name "Web_2" (example: web-1; lower-case letters, digits and, between them, hyphens); did you mean "web-2"?',
    '23:24 machines.Web_2.depends_on[0]: unknown machine wbe; did you mean "web"?',
    '23:37 machines.Web_2.image: invalid image "" (example: debian-12 or host:5000/name:tag)',
    '23:47 machines.Web_2.cpus: invalid number of CPUs "0" (example: 1.5; 0.01 to 65536)',
    "24:6 machines.x: expected a map, not 3",
    "25:3 machines.y: missing image (example: image: debian-12; here or under defaults)",
    '25:7 machines.y.ports: unknown key; did you mean "publish"?',
  ]);
});

test.each<[string, string, string[]]>([
  [
    "an address outside of the subnet that the others imply",
    "b: {address: 10.72.0.9}\n  a: {address: 10.0.0.1}",
    ["4:16 machines.a.address: 10.0.0.1 is outside of the subnet 10.72.0.0/24"],
  ],
  [
    "the subnet's address",
    "a: {address: 10.72.0.0}",
    ["3:16 machines.a.address: 10.72.0.0 is the address of the subnet 10.72.0.0/24 itself"],
  ],
  [
    "the broadcast address",
    "a: {address: 10.72.0.255}",
    ["3:16 machines.a.address: 10.72.0.255 is the broadcast address of 10.72.0.0/24"],
  ],
  [
    "the gateway's address",
    "a: {address: 10.72.0.1}",
    ["3:16 machines.a.address: 10.72.0.1 is the network's gateway"],
  ],
  [
    "an address used twice",
    "a: {address: 10.72.0.9}\n  b: {address: 10.72.0.9}",
    ["4:16 machines.b.address: duplicate address 10.72.0.9: also the address of a"],
  ],
  [
    "names used twice",
    "a: {aliases: [a, b, z, z]}\n  b: {aliases: [z]}",
    [
      "3:17 machines.a.aliases[0]: duplicate name a: the machine's own name",
      "3:20 machines.a.aliases[1]: duplicate name b: a machine's name",
      "3:26 machines.a.aliases[3]: duplicate alias z",
      "4:17 machines.b.aliases[0]: duplicate alias z: also an alias of a",
    ],
  ],
  [
    "a host port used twice",
    'a: {publish: [80, "80:1"]}\n  b: {publish: ["127.0.0.1:70-90:70-90", "80/udp"]}',
    [
      "3:21 machines.a.publish[1]: duplicate host port 80/tcp",
      "4:17 machines.b.publish[0]: duplicate host port 70-90/tcp: a and b publish it",
    ],
  ],
  [
    "a doubled mount",
    "a: {volumes: [/x, q1:/x/]}",
    ["3:21 machines.a.volumes[1]: duplicate mount at /x: a volume has it"],
  ],
  [
    "a tmpfs where something is",
    "a: {volumes: [/x], tmpfs: [/x/, /y, '/y:ro']}",
    [
      "3:30 machines.a.tmpfs[0]: duplicate mount at /x: a volume has it",
      "3:39 machines.a.tmpfs[2]: duplicate mount at /y: a tmpfs has it",
    ],
  ],
  [
    "sizes that are none",
    "a: {shm_size: big, tmpfs: ['/x:size=large']}",
    [
      expect.stringContaining('3:17 machines.a.shm_size: invalid size "big"'),
      expect.stringContaining('3:30 machines.a.tmpfs[0]: invalid size "large"'),
    ],
  ],
  [
    "swap without memory",
    "a: {memory_swap: 1g}",
    ["3:20 machines.a.memory_swap: memory_swap without memory (example: memory: 512M)"],
  ],
  [
    "less swap than memory",
    "a: {memory: 2g, memory_swap: 1g}",
    [
      "3:32 machines.a.memory_swap: memory_swap 1073741824 is less than memory 2147483648 (bytes; memory_swap is both together)",
    ],
  ],
  [
    "swap beside a faulty memory",
    "a: {memory: 2x, memory_swap: 1g}",
    [expect.stringContaining("3:15 machines.a.memory: ")],
  ],
  ["a machine that needs itself", "a: {depends_on: [a]}", ["3:7 machines.a.depends_on: a depends on itself"]],
  [
    "a machine needed twice",
    "a: {depends_on: [b, b]}\n  b: {}",
    ["3:23 machines.a.depends_on[1]: duplicate machine b"],
  ],
  [
    "a cycle",
    "x: {depends_on: [a]}\n  a: {depends_on: [b]}\n  b: {depends_on: [c]}\n  c: {depends_on: [a]}",
    ["4:7 machines.a.depends_on: dependency cycle: a → b → c → a"],
  ],
])("%s is a problem", (_what, machines, problems) => {
  expect(faults(`defaults: {image: i}\nmachines:\n  ${machines}\n`)).toEqual(problems);
});

test("what the defaults bring is reported at the defaults, once", () => {
  expect(
    faults(
      "defaults: {image: i, publish: [80], depends_on: [q]}\nmachines: {aa: {}, bb: {}, cc: {publish: []}}\n",
    ),
  ).toEqual([
    "1:32 defaults.publish[0]: duplicate host port 80/tcp: aa and bb publish it",
    "1:50 defaults.depends_on[0]: unknown machine q",
  ]);
});

test("a key that is written but faulty does not fall back to the default", () => {
  expect(faults("defaults: {image: i, publish: [80]}\nmachines: {aa: {}, bb: {publish: [x]}}\n")).toEqual([
    '2:35 machines.bb.publish[0]: invalid port "x" (example: 8080:80; 1 to 65535, or a range 1000-1010)',
  ]);
});

test.each([
  ["a: {image: i}", "", {}],
  ["a: {image: i, address: 10.1.2.3}", "", { subnet: "10.1.2.0/24" }],
  ["a: {image: i}", "network: {gateway: 10.1.2.254}\n", { subnet: "10.1.2.0/24", gateway: "10.1.2.254" }],
  ["a: {image: i, address: 10.1.2.3}", "network: {subnet: 10.1.0.0/16}\n", { subnet: "10.1.0.0/16" }],
])("the subnet of %s %s is what is written, or what addresses imply", (machine, network, expected) => {
  expect(read(`${network}machines: {${machine}}`).network).toEqual({ domain: "berth.internal", ...expected });
});

test.each([
  ["/srv/shop/berth.yaml", "", "shop"],
  ["/srv/My Shop_2/berth.yaml", "", "my-shop-2"],
  ["/srv/shop/berth.yaml", "name: store\n", "store"],
  ["/berth.yaml", "", "berth"],
  ["/srv/店/berth.yaml", "", "berth"],
])("the project of %s %s is %s, and so is its domain", (fileName, text, name) => {
  const fleet = parseMachineFile(`${text}machines: {a: {image: i}}`, { fileName, environment: {} });
  expect([fleet.project, fleet.network]).toEqual([{ name, file: fileName }, { domain: `${name}.internal` }]);
});

test("a project's name that is no name is a problem", () => {
  expect(faults("name: My Shop\nmachines: {a: {image: i}}")).toEqual([
    expect.stringContaining('1:7 name: invalid name "My Shop"'),
  ]);
});

test("a gateway outside of the subnet is a problem", () => {
  expect(faults("network: {gateway: 10.0.0.1, subnet: 10.72.0.0/24}\nmachines: {a: {image: i}}")).toEqual([
    "1:20 network.gateway: 10.0.0.1 is outside of the subnet 10.72.0.0/24",
  ]);
});

test("a variable that is not set is a problem where it is used, and hides what merely follows", () => {
  const text = 'machines:\n  a: {image: "${I}", memory: "${M:?give M}", cpus: x, environment: ["${E}"]}\n';
  expect(faults(text)).toEqual([
    "2:14 machines.a.image: the variable I is not set",
    "2:30 machines.a.memory: the variable M is not set: give M",
    '2:52 machines.a.cpus: invalid number of CPUs "x" (example: 1.5; 0.01 to 65536)',
    "2:69 machines.a.environment[0]: the variable E is not set",
  ]);
});

test.each<[string, string, string[]]>([
  ["nothing", "", ["1:1 machines: no machines (example: machines: {web: {image: debian-12}})"]],
  ["a list", "- 1", ["1:1 expected a map, not a list"]],
  [
    "no machines",
    "machines: {}",
    ["1:1 machines: no machines (example: machines: {web: {image: debian-12}})"],
  ],
  ["machines of another type", "machines: [a]", ["1:1 machines: expected a map, not a list"]],
  [
    "a second document",
    "machines: {a: {image: x}}\n---\na: 1",
    ["2:1 second YAML document (a file holds one)"],
  ],
  ["an unknown tag", "machines: {a: {image: !include x}}", ["1:23 Unresolved tag: !include"]],
  [
    "a key that is no text",
    "machines: {a: {image: x}}\nx-y: {? [1] : 2}",
    ["2:9 x-y.[1]: invalid key (plain text; example: web)"],
  ],
  [
    "an alias of nothing",
    "machines: {a: *b}",
    ["1:15 machines.a: unknown anchor &b (an anchor stands before its aliases)"],
  ],
  ["an alias within itself", "machines: &m {a: *m}", ["1:18 machines.a: alias *m within its own anchor &m"]],
  [
    "a merge of no map",
    "machines: {a: {image: x, <<: 5}}",
    ["1:26 machines.a.<<: invalid merge (a map, or a list of maps; example: <<: *base)"],
  ],
  [
    "a doubled key beside another fault",
    "machines:\n  a: {image: x}\n  a: {image: x, cpus: y}",
    [
      "3:3 machines.a: duplicate key",
      '3:23 machines.a.cpus: invalid number of CPUs "y" (example: 1.5; 0.01 to 65536)',
    ],
  ],
])("%s is a problem", (_what, text, problems) => {
  expect(faults(text)).toEqual(problems);
});

test("broken syntax is placed, and nothing is guessed from it", () => {
  const [first, ...others] = faults("machines:\n  a: {image: x\n  b: 1\n");
  expect(first).toMatch(/^\d:\d+ /);
  expect(others.filter((line) => line.includes("machines"))).toEqual([]);
});

test("a key that is doubled among very many is named", () => {
  const keys = Array.from({ length: 20_000 }, (_, at) => `"${at}${"k".repeat(30)}"`);
  const doubled = `x-a: {${[...keys, keys[0]].join(",")}}\nmachines: {a: {image: x}}`;
  expect(faults(doubled)).toEqual([
    `1:${6 + [...keys, ""].join(",").length + 1} x-a.0${"k".repeat(30)}: duplicate key`,
  ]);
});

test("a file that expands to too much is refused", () => {
  const levels = (line: (index: number, aliases: string) => string) =>
    Array.from({ length: 9 }, (_, index) => line(index + 1, Array(10).fill(`*a${index}`).join(", "))).join(
      "",
    );
  const machines = "machines: {m: {image: x}}\n";
  const laughs = `x-0: &a0 [lol]\n${levels((index, aliases) => `x-${index}: &a${index} [${aliases}]\n`)}${machines}`;
  const merges = `x-0: &a0 {a: b}\n${levels((index, aliases) => `x-${index}: &a${index} {<<: [${aliases}]}\n`)}${machines}`;
  for (const text of [laughs, merges]) {
    expect(faults(text)).toEqual([
      expect.stringMatching(/^\d+:\d+ aliases expand to too much: up to here 200000 values$/),
    ]);
  }
  const wide = Array.from({ length: 3000 }, (_, index) => `k${index}: v`).join(", ");
  const product = `x-0: &a0 {${wide}}\nmachines: {m: {image: x, <<: [${"*a0, ".repeat(3000)}]}}\n`;
  expect(faults(product)).toEqual([expect.stringMatching(/^2:\d+ aliases expand to too much/)]);
});

test.each([
  ["open lists", `machines: ${"[".repeat(100_000)}`],
  ["open maps", `machines: ${"{a: ".repeat(100_000)}`],
  ["lists of lists", `machines:\n  ${"- ".repeat(100_000)}`],
  ["keys of keys", "? ".repeat(100_000)],
  ["maps in maps", Array.from({ length: 1000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
])("%s are refused at their depth, and not parsed", (_, text) => {
  const started = performance.now();
  expect(faults(text)).toEqual([expect.stringMatching(/^\d+:\d+ maps and lists nested more than 50 deep$/)]);
  expect(performance.now() - started).toBeLessThan(2000);
});

test("40 levels are read", () => {
  const text = `machines: {m: {image: x}}\nx-deep: ${"[".repeat(40)}${"]".repeat(40)}\n`;
  expect(read(text).machines).toHaveLength(1);
});

test("a file of more than any fleet needs is refused where that shows", () => {
  const fleet = (count: number) =>
    `machines:\n${Array.from({ length: count }, (_, index) => `  m${index}: {image: x}\n`).join("")}`;
  expect(read(fleet(1000)).machines).toHaveLength(1000);
  expect(faults(fleet(100_000))).toEqual([
    expect.stringMatching(/^\d+:\d+ file too long: up to here 50000 words and marks of YAML$/),
  ]);
});

test("many machines may share one anchor", () => {
  const machines = Array.from(
    { length: 250 },
    (_, index) => `  m${index}: {<<: *base, environment: *vars}\n`,
  ).join("");
  expect(
    read(`x-vars: &vars {A: b}\nx-base: &base {image: i, environment: *vars}\nmachines:\n${machines}`)
      .machines,
  ).toHaveLength(250);
});

const repeat = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index)).join(", ");

test.each([
  ["ports", `publish: [${repeat(1000, () => '"0:1"')}]`],
  ["volumes", `volumes: [${repeat(1000, (index) => `/v${index}`)}]`],
  ["variables", `environment: {${repeat(1000, (index) => `V${index}: a`)}}`],
  ["machines", `depends_on: [${repeat(1000, (index) => `m${index}`)}]`],
  ["long texts", `environment: {A: ${"a".repeat(100_000)}}`],
])("a thousand machines with a thousand %s of the defaults are refused where that shows", (_what, key) => {
  const [fault, ...others] = faults(
    `defaults: {image: x, ${key}}\nmachines: {${repeat(1000, (index) => `m${index}: `)}}\n`,
  );
  expect(fault).toMatch(
    /^2:\d+ machines\.m(?:19\d|200): machines too large, each with its defaults: up to here 200000 values$/,
  );
  expect(others).toEqual([]);
});

test("a hundred machines have a thousand entries of the defaults, and a thousand machines a hundred", () => {
  for (const [machines, entries] of [
    [100, 1000],
    [1000, 100],
  ] as const) {
    const text = `defaults: {image: x, publish: [${repeat(entries, () => '"0:1"')}]}\nmachines: {${repeat(machines, (index) => `m${index}: `)}}\n`;
    const fleet = read(text);
    expect([fleet.machines.length, fleet.machines.at(-1)?.publish.length]).toEqual([machines, entries]);
  }
});

test("of very many problems the first fifty are named and the rest is counted", () => {
  const lines = faults(`machines: {a: {image: i, publish: [${repeat(1000, () => "x")}]}}\n`);
  expect(lines).toHaveLength(51);
  expect(lines[49]).toContain("machines.a.publish[49]: ");
  expect(lines[50]).toBe("and 950 more");
  expect(faults(`machines: {a: {image: "${"${!}".repeat(10_000)}"}}`)).toHaveLength(20);
});

test("what a problem quotes is cut", () => {
  const long = "a".repeat(100_000);
  for (const text of [
    `machines: {a: {image: i, publish: [${long}]}}`,
    `machines: {a: {image: i, cpus: "\${${long}!}"}}`,
  ]) {
    const [line = "", ...others] = faults(text);
    expect(line).toContain("aaa…");
    expect(line.length).toBeLessThan(1000);
    expect(others).toEqual([]);
  }
});

test("an alias of a long text counts as much as the text", () => {
  const lines = faults(
    `x-a: &a ${"a".repeat(900_000)}\nmachines: {m: {image: x, publish: [${repeat(1000, () => "*a ")}]}}\n`,
  );
  expect(lines).toEqual([expect.stringMatching(/^2:\d+ aliases expand to too much/)]);
  const made = faults(
    `x-a: &a "${"$X".repeat(1000)}"\nmachines: {m: {image: x, command: [${repeat(1000, () => "*a ")}]}}\n`,
    {
      X: "x".repeat(1000),
    },
  );
  expect(made).toEqual([expect.stringMatching(/^2:\d+ aliases expand to too much/)]);
});

test("a key is no longer than 1,024 characters, and plain text also by an alias", () => {
  const long = "a".repeat(1025);
  for (const text of [
    `machines: {? ${long} : {image: x}}`,
    `x-a: &a ${long}\nmachines: {? *a : {image: x}}`,
  ]) {
    expect(faults(text)).toEqual([expect.stringContaining("key too long: more than 1024 characters")]);
  }
  expect(faults("x-a: &a [1]\nmachines: {? *a : {image: x}}")).toEqual([
    "2:14 machines.*a: invalid key (plain text; example: web)",
  ]);
});

test("a key that is a map of thousands is written out once, and cut", () => {
  const lines = faults(
    `machines: {m: {image: x}}\nx-a: {? {${repeat(3000, (index) => `k${index}: $`)}} : 1}\n`,
  );
  expect(lines).toHaveLength(51);
  for (const line of lines) expect(line.length).toBeLessThan(1000);
});

test("what the defaults bring to machines with a root is one problem, too", () => {
  const lines = faults(
    `defaults: {publish: ["0:1", "0:2"]}\nmachines: {${repeat(1000, (index) => `m${index}: {root: /x}`)}}\n`,
  );
  expect(lines).toEqual([
    "1:22 defaults.publish[0]: host port 0 with a root (example: 8080:80; clients must know the port)",
    "1:29 defaults.publish[1]: host port 0 with a root (example: 8080:80; clients must know the port)",
  ]);
});

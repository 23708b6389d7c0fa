import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { run } from "#host/process/run.ts";
import { canMakeLab } from "#lab/lab.ts";
import { waitFor } from "#lab/wait-for.ts";
import { runInNetwork } from "#lab/wire.ts";
import { createPortNetwork, type PortNetwork } from "./port-network.ts";

const isPossible = await canMakeLab();
if (!isPossible) console.warn("skipped: network namespaces need root");
setDefaultTimeout(60_000);

const outside = "10.90.0.9";
const own = "10.90.0.2";
const targets = { ipv4: "172.18.0.3", ipv6: "fd18::3" };
const ipv4 = { ipv4: "172.18.0.3" };

describe.skipIf(!isPossible).each(["nft", "legacy"] as const)(
  "published ports beside Docker's rules, by iptables-%s (needs root)",
  (variant) => {
    let net: PortNetwork;
    beforeAll(async () => {
      net = await createPortNetwork(variant);
      const ports = [
        "tcp/25",
        "tcp/80",
        "tcp/443",
        "tcp/1000",
        "tcp/1001",
        "tcp/1002",
        "tcp/3000",
        "udp/53",
        "udp/1000",
        "udp/1001",
      ];
      await Promise.all([net.machine, net.neighbour].map((where) => net.peer(where, "listen", ...ports)));
    });
    afterEach(() => net?.tidy());
    afterAll(() => net?.destroy());

    /** Everything that firewalls and sockets of the host hold, without what traffic counts. */
    const traces = async () => {
      const programs = [
        "iptables-nft-save",
        "ip6tables-nft-save",
        "iptables-legacy-save",
        "ip6tables-legacy-save",
      ];
      const commands = [
        ["nft", "list", "ruleset"],
        ["ss", "-Hlntu"],
        ...programs.map((program) => [program]),
      ];
      const texts = await Promise.all(
        commands.map(async ([command = "", ...args]) => (await net.inHost(command, ...args)).stdout),
      );
      return texts.map((text) =>
        text.replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]|packets \d+ bytes \d+/g, ""),
      );
    };
    const tables = async () => (await net.inHost("nft", "list", "tables")).stdout;
    const acceptRules = async () =>
      (await net.inHost(`iptables-${variant}`, "-S")).stdout
        .split("\n")
        .filter((line) => line.includes("berth-"));

    test("the machine sees each peer's own address: TCP, UDP, mappings, ranges, IPv6; and nothing is left behind", async () => {
      const before = await traces();
      const publish = [
        "25",
        "8080:80",
        "53/udp",
        "1000-1001",
        "2000-2002:1000-1002",
        "5000-5001:1000-1001/udp",
        `${own}:8443:443`,
      ];
      const opened = await net.open({ name: "all", publish, targets });
      expect(opened.answer).toEqual({ warnings: [] });
      const places = [
        ["tcp", 25, 25],
        ["tcp", 8080, 80],
        ["udp", 53, 53],
        ["tcp", 1001, 1001],
        ["tcp", 2000, 1000],
        ["tcp", 2002, 1002],
        ["udp", 5001, 1001],
      ] as const;
      const from4 = await net.ask(
        net.client,
        ...places.map(([protocol, port]) => `${protocol}/${own}/${port}`),
      );
      expect(from4).toEqual(places.map(([, , port]) => `${port} ${outside}`));
      const from6 = await net.ask(
        net.client,
        ...places.map(([protocol, port]) => `${protocol}/fd90::2/${port}`),
      );
      expect(from6).toEqual(places.map(([, , port]) => `${port} fd90::9`));
      // An address of its own is that address alone.
      expect(await net.ask(net.client, `tcp/${own}/8443`, "tcp/fd90::2/8443", `tcp/${own}/3000`)).toEqual([
        `443 ${outside}`,
        "refused",
        "refused",
      ]);
      expect(await traces()).not.toEqual(before);
      await opened.close();
      expect(await traces()).toEqual(before);
      expect(await net.ask(net.client, `tcp/${own}/25`)).toEqual(["refused"]);
    });

    test("local clients are served, too: of loopback and of the machine's bridge by a relay, others with their address", async () => {
      const opened = await net.open({
        name: "local",
        publish: ["8080:80", "127.0.0.1:8081:80", "53/udp"],
        targets,
      });
      const asked = await net.ask(
        net.host,
        "tcp/127.0.0.1/8080",
        "tcp/::1/8080",
        "tcp/127.0.0.1/8081",
        `tcp/${own}/8080`,
        `udp/${own}/53`,
      );
      expect(asked).toEqual(["80 172.18.0.1", "80 fd18::1", "80 172.18.0.1", `80 ${own}`, `53 ${own}`]);
      expect(await net.ask(net.client, `tcp/${own}/8081`)).toEqual(["refused"]);
      // Its neighbour, and itself.
      expect(await net.ask(net.neighbour, `tcp/${own}/8080`)).toEqual(["80 172.18.0.1"]);
      expect(await net.ask(net.machine, `tcp/${own}/8080`)).toEqual(["80 172.18.0.1"]);
      // A container behind another bridge, between which and this one Docker has walls; its masquerade is as
      // towards any other host.
      expect(await net.ask(net.elsewhere, `tcp/${own}/8080`, `udp/${own}/53`)).toEqual([
        "80 172.18.0.1",
        "53 172.18.0.1",
      ]);
      await opened.close();
    });

    test("a relayed client may end its side first, and loses nothing of much", async () => {
      const opened = await net.open({ name: "pump", publish: ["8080:80"], targets: ipv4 });
      const script = `${import.meta.dir}/port-peer.ts`;
      // Several at once, so that what is relayed has to wait for its reader also at the end.
      const pump = () => net.inHost(process.execPath, script, "pump", "tcp/127.0.0.1/8080", "20000000");
      for (const { stdout } of await Promise.all(Array.from({ length: 6 }, pump))) {
        expect(JSON.parse(stdout)).toEqual({ greeting: "80 172.18.0.1", same: true });
      }
      await opened.close();
    });

    test("a machine without IPv6: its IPv6 clients are relayed, and one is told", async () => {
      const opened = await net.open({ name: "four", publish: ["8080:80", "53/udp"], targets: ipv4 });
      expect(opened.answer.warnings).toEqual([
        "tcp 8080: the machine does not see the addresses of IPv6 clients, which are relayed: the machine has no IPv6 address",
        "udp 53: not reachable over IPv6: the machine has no IPv6 address",
      ]);
      expect(await net.ask(net.client, `tcp/${own}/8080`, "tcp/fd90::2/8080")).toEqual([
        `80 ${outside}`,
        "80 172.18.0.1",
      ]);
      await opened.close();
    });

    test("nothing but the published ports is opened, of the machine and of its neighbours", async () => {
      const opened = await net.open({ name: "narrow", publish: ["8080:80"], targets });
      for (const route of ["172.18.0.0/16", "fd18::/64"]) {
        await runInNetwork(net.client.pid, "ip", [
          "route",
          "replace",
          route,
          "via",
          route.includes(":") ? "fd90::2" : own,
        ]);
      }
      const places = [
        "tcp/172.18.0.3/80",
        "tcp/172.18.0.3/443",
        "tcp/172.18.0.4/80",
        "tcp/fd18::3/80",
        "tcp/fd18::4/80",
      ];
      expect(await net.ask(net.client, ...places)).toEqual(places.map(() => "silence"));
      // The same without the firewall: it is that which is not opened.
      for (const program of ["iptables", "ip6tables"])
        await net.inHost(`${program}-${variant}`, "-I", "DOCKER-USER", "-j", "ACCEPT");
      expect(await net.ask(net.client, ...places.slice(0, 4))).toEqual([
        `80 ${outside}`,
        `443 ${outside}`,
        `80 ${outside}`,
        "80 fd90::9",
      ]);
      for (const program of ["iptables", "ip6tables"])
        await net.inHost(`${program}-${variant}`, "-D", "DOCKER-USER", "-j", "ACCEPT");
      await opened.close();
    });

    test("whom the host's own rules keep out stays out, whether they were there before or came later", async () => {
      const before = await traces();
      const everywhere = async (change: "-I" | "-D") => {
        for (const [program, source] of [
          ["iptables", outside],
          ["ip6tables", "fd90::9"],
        ] as const) {
          await net.inHost(`${program}-${variant}`, change, "DOCKER-USER", "-s", source, "-j", "DROP");
        }
      };
      const places = [`tcp/${own}/8080`, `udp/${own}/53`, "tcp/fd90::2/8080"];
      await everywhere("-I");
      const opened = await net.open({ name: "late", publish: ["8080:80", "53/udp"], targets });
      expect(await net.ask(net.client, ...places)).toEqual(places.map(() => "silence"));
      expect(await net.ask(net.elsewhere, `tcp/${own}/8080`)).toEqual(["80 172.18.0.1"]);
      await everywhere("-D");
      expect(await net.ask(net.client, ...places)).toEqual([`80 ${outside}`, `53 ${outside}`, "80 fd90::9"]);
      await everywhere("-I");
      expect(await net.ask(net.client, ...places)).toEqual(places.map(() => "silence"));
      await opened.close();
      await everywhere("-D");
      expect(await traces()).toEqual(before);
    });

    test("an engine's own nftables firewall is passed by its mark, and told of where it has none", async () => {
      const table = (mark: string) => `table ip docker-bridges {
        chain filter-forward-in__docker_gwbridge {
          ct state established,related counter accept
          ${mark}
          counter drop comment "UNPUBLISHED PORT DROP"
        }
        chain filter-FORWARD {
          type filter hook forward priority filter; policy accept;
          oifname "docker_gwbridge" jump filter-forward-in__docker_gwbridge
        }
      }`;
      const places = [`tcp/${own}/8080`, "tcp/fd90::2/8080"];
      const tryWith = async (mark: string) => {
        await net.inHost("nft", table(mark));
        try {
          const opened = await net.open({ name: "walled", publish: ["8080:80"], targets });
          const answers = await net.ask(net.client, ...places);
          await opened.close();
          return [opened.answer.warnings, answers];
        } finally {
          await net.inHost("nft", "delete", "table", "ip", "docker-bridges");
        }
      };
      expect(await tryWith("")).toEqual([
        [expect.stringMatching(/drops IPv4 packets .*bridge-accept-fwmark/)],
        ["silence", "80 fd90::9"],
      ]);
      const served = [[], [`80 ${outside}`, "80 fd90::9"]];
      expect(await tryWith("meta mark and 3 == 1 counter accept")).toEqual(served);
      expect(await tryWith("meta mark 7 counter accept")).toEqual(served);
    });

    test("ports that others have are named, with who has them, and none is opened", async () => {
      const listener = await net.peer(net.host, "listen", "tcp/8025", "udp/8053");
      const first = await net.open({ name: "first", publish: ["8143"], targets });
      const before = await traces();
      const second = await net.open({
        name: "second",
        publish: ["8024-8025:24-25", "8053:53/udp", "8143:143", "8110"],
        targets,
      });
      const { error } = second.answer;
      expect(error?.code).toBe("conflict");
      const holder = `process ${listener.pid}`;
      expect(error?.message).toMatch(
        new RegExp(
          `^in use on this host: tcp 8025 \\(by \\S+, ${holder}\\), udp 8053 \\(by \\S+, ${holder}\\), tcp 8143 \\(by \\S+, process ${first.process.pid}\\)$`,
        ),
      );
      expect(await traces()).toEqual(before);
      const elsewhere = await net.open({ name: "third", publish: ["192.0.2.1:80:80"], targets });
      expect(elsewhere.answer.error).toMatchObject({ code: "host-unfit" });
      expect((await net.open({ name: "first", publish: ["8999"], targets })).answer.error).toMatchObject({
        code: "conflict",
      });
      expect(await traces()).toEqual(before);
      await first.close();
      await listener.kill();
    });

    test("one killed leaves no ports, and the sweep removes its rules, but not another's", async () => {
      const before = await traces();
      const killed = await net.open({ name: "killed", publish: ["8025:25"], targets });
      const other = await net.open({ name: "other", publish: ["8080:80"], targets });
      expect(await acceptRules()).toHaveLength(2);
      await killed.process.kill();
      await waitFor("the rules are gone", async () => !(await tables()).includes("berth-killed"));
      expect(await net.ask(net.client, `tcp/${own}/8025`, `tcp/${own}/8080`)).toEqual([
        "refused",
        `80 ${outside}`,
      ]);
      expect(await acceptRules()).toHaveLength(2);
      expect(await net.sweep()).toEqual({ swept: true });
      expect(await acceptRules()).toEqual([expect.stringContaining("--comment berth-other ")]);
      const again = await net.open({ name: "again", publish: ["8025:25"], targets });
      await other.close();
      expect(await net.ask(net.client, `tcp/${own}/8025`, `tcp/${own}/8080`)).toEqual([
        `25 ${outside}`,
        "refused",
      ]);
      await again.close();
      expect(await traces()).toEqual(before);
    });

    test("the loss of nft's process is told, and closing cleans up after it", async () => {
      const before = await traces();
      const opened = await net.open({ name: "lost", publish: ["8025:25"], targets });
      const nft = Number((await run("pgrep", ["-P", String(opened.process.pid), "-x", "nft"])).stdout);
      process.kill(nft, "SIGKILL");
      expect(JSON.parse((await opened.process.line()) ?? "{}")).toMatchObject({
        lost: { code: "tool-failed" },
      });
      await opened.close();
      expect(await traces()).toEqual(before);
    });

    test("a UDP client that never pauses follows the ports to where they lead now", async () => {
      const talker = await net.peer(net.client, "talk", `udp/${own}/8053`);
      const answer = async () => {
        talker.say("");
        return await talker.line();
      };
      // Before: to nobody. What is tracked of that must not stay, either.
      expect(await answer()).toBe("silence");
      const first = await net.open({ name: "first", publish: ["8053:53/udp"], targets });
      expect(await answer()).toBe(`53 ${outside}`);
      await first.process.kill();
      const second = await net.open({
        name: "second",
        publish: ["8053:1000/udp"],
        targets: { ipv4: "172.18.0.4" },
      });
      expect(await answer()).toBe(`1000 ${outside}`);
      await second.close();
      expect(await answer()).toBe("silence");
      await talker.kill();
    });

    test("a range of thousands", async () => {
      const opened = await net.open({
        name: "many",
        publish: ["20000-24999:30000-34999/udp", "6000-6001:1000-1001"],
        targets,
      });
      expect(opened.answer).toEqual({ warnings: [] });
      expect(await net.ask(net.client, `tcp/${own}/6001`)).toEqual([`1001 ${outside}`]);
      await opened.close();
    });

    test("a host that does not forward says so", async () => {
      await net.inHost("sysctl", "-qw", "net.ipv4.ip_forward=0");
      const refused = await net.open({ name: "off", publish: ["80"], targets: ipv4 });
      await net.inHost("sysctl", "-qw", "net.ipv4.ip_forward=1");
      expect(refused.answer.error).toMatchObject({
        code: "host-unfit",
        message: expect.stringContaining("net.ipv4.ip_forward"),
      });
    });
  },
);

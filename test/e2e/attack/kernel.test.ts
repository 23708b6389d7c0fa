import { beforeAll, describe, expect, test } from "bun:test";
import { labImage } from "#lab/lab-image.ts";
import { patient, waitFor } from "#lab/wait-for.ts";
import {
  attackFrom,
  attackFromHost,
  bootBoth,
  hostFacts,
  mighty,
  prisoner,
  systemCalls,
} from "#support/attack.ts";

import { canHaveEngines, useNodes } from "#support/nodes.ts";
import { type View, views } from "#support/views.ts";

const node = useNodes({
  nodes: { hybrid: {}, v2: { cgroupView: "v2" } },
  images: { bookworm: () => labImage("bookworm") },
});

/** Tells of each file below a directory that can be opened for writing; nothing is written. */
const walk = `
  sub writable { my ($path) = @_; print "GOT $path\\n" if sysopen(my $file, $path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW); }
  sub walk {
    my ($directory, $skip) = @_;
    opendir(my $names, $directory) or return;
    for my $name (sort readdir $names) {
      my $path = "$directory/$name";
      next if $name =~ /^\\.\\.?$/ || -l $path || $path =~ $skip;
      if (-d _) { walk($path, $skip) } elsif (-f _) { writable($path) }
    }
  }`;

/** A call got through when it was not for want of a right, or of the call in this kernel, that it failed. */
const reach = `
  sub reach {
    my ($name, $result) = @_;
    if ($result >= 0 || !($!{EPERM} || $!{EACCES} || $!{ENOSYS})) { print "GOT $name\\n" } else { refuse($name) }
  }
  my $nothing = "\\0" x 4096; my $nowhere = "/nonexistent";`;

describe.skipIf(!canHaveEngines)("attacks on the kernel (needs root)", () => {
  beforeAll(
    () => Promise.all(views.map((view) => bootBoth(node(view), "bookworm"))).then(() => undefined),
    patient(60_000),
  );

  test.each(views)("on %s it can write to no setting in /proc but its own namespaces'", async (view) => {
    const perl = `${walk} walk("/proc", qr{^/proc/(\\d+|self|thread-self)$});`;
    const { got } = await attackFrom(node(view), prisoner, { perl });
    const own =
      /^\/proc\/sys\/(net\/|fs\/mqueue\/|kernel\/(msg|sem|shm|auto_msgmni|ns_last_pid|pid_max|hostname|domainname)|user\/)/;
    // Whoever is on the system may ask to be told of pressure.
    expect(got.filter((path) => !own.test(path) && !path.startsWith("/proc/pressure/"))).toEqual([]);
    expect(got).toContain("/proc/sys/net/ipv4/ip_forward");
    const control = await attackFrom(node(view), mighty, { perl });
    for (const path of ["kernel/core_pattern", "vm/swappiness", "fs/file-max"])
      expect(control.got).toContain(`/proc/sys/${path}`);
  });

  test.each(views)("on %s it has 512 terminals of the host's, and no more", async (view) => {
    const perl = `my @all; for (1 .. 600) { open(my $file, "+<", "/dev/ptmx") or last; push @all, $file; } print "GOT " . @all . "\n";`;
    const [opened] = (await attackFrom(node(view), prisoner, { perl })).got;
    // Its console is one.
    expect(Number(opened)).toBeWithin(500, 513);
  });

  test.each(views)("on %s what it sets there is its own", async (view) => {
    // Every number that it may change it changes, and the host's stay. But for one: any network namespace's
    // root may switch nf_hooks_lwtunnel on, for the whole kernel and for good.
    const perl = `
      sub look { open(my $file, "<", $_[0]) or return; my $value = <$file> // ""; chomp $value; return $value; }
      for my $path (map { chomp; $_ } \`find /proc/sys/kernel /proc/sys/vm /proc/sys/fs /proc/sys/net -type f\`) {
        next if $path =~ /(ns_last_pid|_next_id|conntrack_count|nf_hooks_lwtunnel)$/;
        my $was = look($path); next unless defined $was && $was =~ /^\\d+$/;
        my $now = $was == 0 ? 1 : $was == 1 ? 0 : $was + 1;
        open(my $file, ">", $path) or next; syswrite($file, "$now"); close $file;
        print "GOT $path\\n" if look($path) eq $now;
      }
      system("hostname berth-attacker");`;
    const look = async () => ({ ...(await hostFacts(node(view))), net: await netSettings(view) });
    // Whoever sets nf_conntrack_log_invalid makes Linux 6.17 and later load it, and the host's nf_log shows that.
    await node(view).run("sh", "-c", "modprobe --quiet nf_log_syslog || :");
    const before = await look();
    const { got } = await attackFrom(node(view), prisoner, { perl });
    expect(got.length).toBeGreaterThan(100);
    expect(got).toContain("/proc/sys/net/ipv4/ip_forward");
    expect(await look()).toEqual(before);
  });

  test.each(views)(
    "on %s it can write to nothing in /sys but its own network's, however it mounts it",
    async (view) => {
      const remount = `system("mount -o remount,bind,rw /sys 2>&1; mount -o remount,rw /sys 2>&1; mkdir -p /run/sys; mount -t sysfs sysfs /run/sys");`;
      const perl = `${walk} ${remount} walk("/sys", qr{^/sys/fs/cgroup$}); walk("/run/sys", qr{^/run/sys/fs/cgroup$}); system("umount /run/sys"); print "GOT end\\n"`;
      // The links of its own network namespace, as for LXC and nspawn.
      const isOwn = (path: string) => /^(\/run)?\/sys\/devices\/virtual\/net\/(lo|eth0)\//.test(path);
      const { got } = await attackFrom(node(view), prisoner, { perl });
      expect(got.filter((path) => !isOwn(path))).toEqual(["end"]);
      const control = await attackFrom(node(view), mighty, { perl });
      for (const root of ["/sys", "/run/sys"])
        expect(control.got).toContain(`${root}/kernel/mm/transparent_hugepage/enabled`);
    },
  );

  test.each(views)("on %s calls that act on the whole system are refused", async (view) => {
    const calls = {
      swapon: `${systemCalls.swapon}, $nowhere, 0`,
      swapoff: `${systemCalls.swapoff}, $nowhere`,
      // The time zone of the kernel's, as it is on every system.
      settimeofday: `${systemCalls.settimeofday}, 0, pack("ii", 0, 0)`,
      acct: `${systemCalls.acct}, $nowhere`,
      "log level": `${systemCalls.syslog}, 8, 0, (split " ", \`cat /proc/sys/kernel/printk\`)[0] + 0`,
      "kernel log": `${systemCalls.syslog}, 3, $nothing, 4096`,
      "list of bpf programs": `${systemCalls.bpf}, 11, $nothing, 16`,
      "bpf map": `${systemCalls.bpf}, 0, pack("LLLL", 2, 4, 4, 1) . $nothing, 32`,
      "perf of a processor": `${systemCalls.perf_event_open}, pack("LLQ", 1, 112, 0) . $nothing, -1, 0, -1, 0`,
      userfaultfd: `${systemCalls.userfaultfd}, 0`,
      quota: `${systemCalls.quotactl}, 0x80000700, 0, 0, 0`,
      "priority of disk access": `${systemCalls.ioprio_set}, 1, 0, (1 << 13) | 4`,
    };
    // The kernel may lack these, and then nobody's call gets through.
    const rare = {
      init_module: `${systemCalls.init_module}, $nothing, 0, $nowhere`,
      finit_module: `${systemCalls.finit_module}, -1, $nowhere, 0`,
      delete_module: `${systemCalls.delete_module}, $nowhere, 0`,
      // With flags that no kernel knows.
      kexec: `${systemCalls.kexec_load}, 0, 0, 0, 0xffff`,
    };
    const perl = `${reach} no warnings; ${Object.entries({ ...calls, ...rare })
      .map(
        ([name, call]) =>
          `{ my @call = (${call}); reach("${name}", syscall($call[0], @call[1 .. $#call])); }`,
      )
      .join("\n")}`;
    const attacker = await attackFrom(node(view), prisoner, { perl });
    expect({ got: attacker.got, refused: Object.keys(attacker.refused) }).toEqual({
      got: [],
      refused: Object.keys({ ...calls, ...rare }),
    });
    const control = await attackFrom(node(view), mighty, { perl });
    expect(control.got.filter((name) => !Object.hasOwn(rare, name))).toEqual(Object.keys(calls));
    for (const why of Object.values(control.refused)) expect(why).toBe("Function not implemented");
  });

  test.each(views)("on %s it sees no address of the kernel and none of its log", async (view) => {
    const shell = `
      try "addresses" sh -c 'grep -q -v "^0000000000000000 " /proc/kallsyms'
      try "log by /proc" sh -c 'true </proc/kmsg'
      try "timers" head -c 1 /proc/timer_list
      try "slabs" head -c 1 /proc/slabinfo
      try "pages" head -c 8 /proc/kpagecount`;
    const names = ["addresses", "log by /proc", "timers", "slabs", "pages"];
    const attacker = await attackFrom(node(view), prisoner, { shell });
    expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({ got: [], refused: names });
    expect((await attackFromHost(node(view), { shell })).got.toSorted()).toEqual(
      expect.arrayContaining(["addresses", "log by /proc"]),
    );
  });

  test.each(views)("on %s it gets at no key of the host's", async (view) => {
    // A key of the host's root that all its processes may read.
    const make = await attackFromHost(node(view), {
      perl: `my ($type, $name, $payload) = ("user", "berth-sentinel-${view}", "secret");
        my $key = syscall(${systemCalls.add_key}, $type, $name, $payload, 6, -4);
        syscall(${systemCalls.keyctl}, 5, $key, 0x3f3f0000) == 0 or die; print "GOT $key\\n";`,
    });
    const key = Number(make.got[0]);
    expect(key).toBeGreaterThan(0);
    try {
      const perl = `${reach} my $space = "\\0" x 64; my ($type, $name, $payload) = ("user", "berth-sentinel-${view}", "secret");
        attempt("read", syscall(${systemCalls.keyctl}, 11, ${key}, $space, 64));
        attempt("describe", syscall(${systemCalls.keyctl}, 6, ${key}, $space, 64));
        attempt("update", syscall(${systemCalls.keyctl}, 2, ${key}, $payload, 6));
        attempt("search", syscall(${systemCalls.keyctl}, 10, -4, $type, $name, 0));
        attempt("link", syscall(${systemCalls.keyctl}, 8, ${key}, -2));
        my $seen = \`grep -c berth-sentinel-${view} /proc/keys\` + 0; attempt("list", $seen > 0 ? 1 : -1);`;
      const names = ["read", "describe", "update", "search", "link", "list"];
      const attacker = await attackFrom(node(view), prisoner, { perl });
      expect({ ...attacker, refused: Object.keys(attacker.refused) }).toEqual({ got: [], refused: names });
      expect((await attackFrom(node(view), mighty, { perl })).got).toEqual(names);
    } finally {
      await attackFromHost(node(view), {
        perl: `syscall(${systemCalls.keyctl}, 9, ${key}, -4) == 0 or die;`,
      });
    }
  });

  test.each(views)("on %s it leaves the host and its neighbours their instances of inotify", async (view) => {
    const take = (most: number) =>
      `my $n = 0; $n++ while $n < ${most} && syscall(${systemCalls.inotify_init1}, 0) >= 0; print "GOT $n\\n";`;
    const hold = `open(my $file, ">", "/run/taken") or die; my $end = time + 60; select(undef, undef, undef, 0.1) until -e "/run/enough" || time > $end;`;
    const greedy = attackFrom(node(view), prisoner, { perl: `${take(100_000)} ${hold}` });
    try {
      await waitFor("it has taken all", async () =>
        (await succeeds(view, "test", "-e", "/run/taken")) ? true : undefined,
      );
      expect(await succeeds(view, "perl", "-e", `exit(syscall(${systemCalls.inotify_init1}, 0) < 0)`)).toBe(
        false,
      );
      expect((await attackFromHost(node(view), { perl: take(1) })).got).toEqual(["1"]);
      expect((await attackFrom(node(view), mighty, { perl: take(1) })).got).toEqual(["1"]);
    } finally {
      await node(view).docker("exec", prisoner, "touch", "/run/enough");
      await greedy;
    }
  });

  async function succeeds(view: View, ...command: readonly string[]): Promise<boolean> {
    return (await node(view).tryDocker("exec", prisoner, ...command)).status === 0;
  }

  async function netSettings(view: View): Promise<string> {
    const print =
      "find /proc/sys/net -type f -perm -400 | grep -v conntrack_count | sort | xargs grep -H '' 2>/dev/null; true";
    return (await node(view).run("sh", "-c", print)).stdout;
  }
});

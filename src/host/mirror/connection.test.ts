import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { awaitedLease } from "#lab/awaited-lease.ts";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

setDefaultTimeout(60_000);

const base = 0x7001_0000;
/** A machine's files at /run/files, an overlay as machines have it, and a directory of the host's besides. */
const files = `
  mkdir /run/lower /run/upper /run/work /run/files /run/mirror /run/outside /run/plain-lower /run/plain-upper /run/plain-work /run/plain
  mkdir /run/lower/etc; echo below >/run/lower/etc/below; chown -R ${base}:${base} /run/lower /run/upper
  mount -t overlay -o lowerdir=/run/lower,upperdir=/run/upper,workdir=/run/work overlay /run/files
  mkdir /run/plain-lower/etc; echo below >/run/plain-lower/etc/below
  mount -t overlay -o lowerdir=/run/plain-lower,upperdir=/run/plain-upper,workdir=/run/plain-work overlay /run/plain`;
const server = `
  const { agree, Connection } = await import(${JSON.stringify(import.meta.resolve("./connection.ts"))});
  const { cloneOf, mountMirror } = await import(${JSON.stringify(import.meta.resolve("./mounts.ts"))});
  const { calls } = await import(${JSON.stringify(import.meta.resolve("#host/syscall/mirror-calls.ts"))});
  calls.umask(0);
  calls.prctl(28, 4, 0, 0, 0);
  const root = cloneOf(process.pid, "/run/files");
  const { device } = mountMirror("/run/mirror");
  agree(device);
  const connection = new Connection({ device, root, range: { base: ${base}, count: 65536 }, first: 2 });
  require("node:fs").writeSync(1, "ready\\n");
  do calls.poll(new Int32Array([device, 1]), 1, connection.isHolding ? 50 : -1);
  while (connection.serve() !== "gone" && (connection.letGo(), true));`;
/**
 * Serves a mirror at /run/mirror while shell scripts run, each with what it is called with as its words: what
 * they say, one string each.
 */
const served = (scripts: readonly (readonly [script: string, ...words: string[]])[]) =>
  inMounts<string[]>(
    `const server = Bun.spawn([process.execPath, "-e", ${JSON.stringify(server)}], { stdout: "pipe", stderr: "inherit" });
     await server.stdout.getReader().read();
     const said = [];
     try {
       for (const [script, ...words] of ${JSON.stringify(scripts)}) {
         const child = Bun.spawn(["sh", "-c", "exec 2>&1; set -e; export LC_ALL=C; umask 022\\n" + script, "sh", ...words], { stdout: "pipe" });
         said.push(await new Response(child.stdout).text() + "status " + (await child.exited));
       }
     } finally {
       Bun.spawnSync(["umount", "-l", "/run/mirror"]);
     }
     return [...said, String(await server.exited)];`,
    files,
  );

/** All that is to be known of what is in a directory, but for when. */
const list = "find . -printf '%P %y %m %U %G %n %l ' \\( -type f -printf '%s' , -printf '\\n' \\) | sort";

describe.skipIf(!isRoot)("a mirror is a directory as any other (needs root)", () => {
  test.each([
    [
      "files, links, directories, devices",
      `echo a >f; ln f g; mv g h; mkdir d; mv d e; echo b >x; mv x h; ln -s ../target l; mknod c c 1 3; mknod b b 259 300000; mkfifo p; mkdir gone; rmdir gone; rm f; ${list}; stat -c %t:%T c b`,
    ],
    [
      "what is there is not made again",
      `echo a >f; (set -C; echo b >f) || echo refused; mkdir etc || echo refused; ln -s x f || echo refused; rmdir etc || echo refused; mv f etc/below; cat etc/below`,
    ],
    ["a rename into a directory below itself", `mkdir -p a/b; mv a a/b || echo refused; ${list}`],
    [
      "owners, modes, times and sizes",
      `echo text >f; chown 33:34 f; chmod 6755 f; touch -d @1000000000.5 f; stat -c '%a %u %g %s %.9Y' f; truncate -s 2 f; stat -c '%a %u %g %s' f; cat f; chown -h 5:6 etc; touch -d @5 -a f; stat -c '%X %u' f`,
    ],
    [
      "the mode of what is made",
      `umask 027; echo a >f; mkdir d; umask 0; echo b >g; chgrp 33 d; chmod g+s d; touch d/f; mkdir d/e; ${list}`,
    ],
    [
      "a file that is emptied, added to, and written in the middle",
      `seq 1000 >f; echo more >>f; printf XX | dd of=f bs=1 seek=3 conv=notrunc status=none; sha256sum f; : >f; stat -c %s f; echo x >>f; cat f`,
    ],
    [
      "what is below is copied up by a change alone",
      `chmod 600 etc/below; echo more >>etc/below; cat etc/below; mv etc/below etc/moved; ${list}`,
    ],
    [
      "capabilities",
      `cp /bin/true f; setcap cap_net_raw,cap_chown=ep f; getcap f; chown 33 f; getcap f; setcap cap_chown=i f; setcap -r f; getcap f`,
    ],
    [
      "access lists",
      `umask 0; touch f; mkdir d; setfacl -m u:1000:rw,g:33:r f; setfacl -d -m u:7:rwx d; touch d/in; getfacl -n f d d/in; setfacl -b f; getfacl -n f`,
    ],
    [
      "trusted attributes",
      `touch f; python3 -c 'import os; os.setxattr("f", "trusted.note", b"text"); print(os.listxattr("f"), os.getxattr("f", "trusted.note")); os.removexattr("f", "trusted.note"); print(os.listxattr("f"))' `,
    ],
    [
      "holes",
      `truncate -s 100M f; printf end | dd of=f bs=1 seek=90000000 conv=notrunc status=none; sha256sum f; cp --sparse=always f g; cmp f g; fallocate -l 3M h; fallocate -p -o 0 -l 1M h; stat -c %s f g h`,
    ],
    [
      "thirty megabytes",
      `seq -f 'line %.0f' 2500000 | head -c 30000000 >f; sha256sum f; cp f g; cmp f g; tail -c 100 g; dd if=f bs=7777 status=none | sha256sum`,
    ],
    [
      "a file that is open when its name goes",
      `echo one >f; exec 3<>f; rm f; cat <&3; echo two >&3; stat -L -c '%h %s' /proc/self/fd/3; truncate -s 0 /proc/self/fd/3; stat -L -c %s /proc/self/fd/3; exec 3>&-; ${list}`,
    ],
    [
      "a file that is open when another takes its name",
      `echo one >f; exec 3<f; echo two >g; mv g f; cat <&3; cat f`,
    ],
    [
      "names that are no UTF-8",
      `touch "$(printf 'a\\377\\376')" "$(printf 'tab\\tnew\\nline')" 'quote"'; mkdir "$(printf '\\200')"; echo x >"$(printf '\\200/\\300')"; ls -R | od -c; cat "$(printf '\\200/\\300')"`,
    ],
    [
      "names as long as can be",
      `long=$(printf %0255d 0); echo x >$long; cat $long; echo y >\${long}0 || echo refused; ls`,
    ],
    [
      "twenty thousand names",
      `seq -f 'a rather long name of a file %.0f' 20000 | tr '\\n' '\\0' | xargs -0 touch; ls | wc -l; ls | sha256sum; find . -type f | wc -l; rm -r a*; ls`,
    ],
    [
      "a deep path",
      `deep=$(printf 'd%.0s/' $(seq 500)); mkdir -p "$deep"; echo x >"\${deep}f"; cat "\${deep}f"; find . -depth | wc -l; rm -r d; ls`,
    ],
    [
      "reading of what is no file",
      `cat etc || echo refused; cat etc/none || echo refused; readlink etc || echo refused; ls etc/below/x || echo refused`,
    ],
  ])("%s", async (_, script) => {
    const inDirectory = `cd "$1"; ${script}`;
    const [plain, mirrored, onHost, ended] = await served([
      [inDirectory, "/run/plain"],
      [inDirectory, "/run/mirror"],
      [`cd /run/files; find . -uid -${base} -o -gid -${base}`],
    ]);
    expect(mirrored).toBe(plain as string);
    expect(plain).toEndWith("status 0");
    expect([onHost, ended]).toEqual(["status 0", "0"]);
  });

  test("ids that the machine lacks are nobody's, as the machine sees them; an access list with one is refused", async () => {
    const script =
      "cd /run/mirror; touch f; chown 65536 f; chgrp 4000000000 f; stat -c %u:%g f; setfacl -m u:65536:r f || echo refused; chown 65535 f; stat -c %u f";
    const [seen = ""] = await served([[script]]);
    expect(seen.split("\n").filter((line) => !line.includes("Invalid argument"))).toEqual([
      "65534:65534",
      "refused",
      "65535",
      "status 0",
    ]);
  });

  test("the mode that an engine gives to a place it mounts at is not the machine's; another is", async () => {
    const script =
      "chmod 755 /run/mirror; chmod 700 /run/mirror; stat -c %a /run/files; chmod 711 /run/mirror; stat -c %a /run/files";
    expect((await served([[script]]))[0]).toBe("755\n711\nstatus 0");
  });

  test("others' ids in it are seen as nobody's", async () => {
    const [seen] = await served([
      ["touch /run/files/f; chown 0:5 /run/files/f; stat -c %u:%g /run/mirror/f"],
    ]);
    expect(seen).toBe("65534:65534\nstatus 0");
  });
});

/** Waits for what a command says, ten seconds at most. */
const patience = `is() { for _ in $(seq 200); do [ "$(eval "$2" 2>&1)" = "$1" ] && echo "$1" && return; sleep 0.05; done; eval "$2"; }`;

describe.skipIf(!isRoot)("what the machine does behind a mirror (needs root)", () => {
  test.each([
    [
      "a new file after a look for it",
      "cat /run/mirror/f || :; echo new >/run/files/f",
      "new",
      "cat /run/mirror/f",
    ],
    [
      "a file appended to",
      "echo a >/run/files/f; cat /run/mirror/f; echo b >>/run/files/f",
      "2",
      "wc -l </run/mirror/f",
    ],
    [
      "a file written over with as many bytes",
      "echo a >/run/files/f; cat /run/mirror/f; sleep 0.05; echo b >/run/files/f",
      "b",
      "cat /run/mirror/f",
    ],
    [
      "a file replaced",
      "echo a >/run/files/f; cat /run/mirror/f; echo b >/run/files/g; mv /run/files/g /run/files/f",
      "b",
      "cat /run/mirror/f",
    ],
    [
      "a file that goes",
      "echo a >/run/files/f; cat /run/mirror/f; rm /run/files/f",
      "none",
      "[ -e /run/mirror/f ] || echo none",
    ],
    [
      "a directory where a file was",
      "echo a >/run/files/f; cat /run/mirror/f; rm /run/files/f; mkdir /run/files/f; echo in >/run/files/f/in",
      "in",
      "cat /run/mirror/f/in",
    ],
    [
      "a file where a directory was",
      "mkdir /run/files/d; ls /run/mirror/d; rmdir /run/files/d; echo f >/run/files/d",
      "f",
      "cat /run/mirror/d",
    ],
    [
      "a link where a directory was",
      "mkdir /run/files/d; echo in >/run/files/d/in; cat /run/mirror/d/in; mv /run/files/d /run/files/e; ln -s e /run/files/d",
      "e in",
      "echo $(readlink /run/mirror/d) $(cat /run/mirror/d/in)",
    ],
    [
      "a directory that was moved",
      "mkdir -p /run/files/a/b; echo x >/run/files/a/b/f; cat /run/mirror/a/b/f; mv /run/files/a /run/files/z",
      "x",
      "cat /run/mirror/z/b/f",
    ],
    [
      "a mode and an owner",
      `echo a >/run/files/f; stat /run/mirror/f; chmod 4711 /run/files/f; chown ${base + 7} /run/files/f; chmod 4711 /run/files/f`,
      "4711 7",
      "stat -c '%a %u' /run/mirror/f",
    ],
    [
      "a list of names",
      "ls /run/mirror; touch /run/files/1 /run/files/2; rm -r /run/files/etc",
      "1 2",
      "echo $(ls /run/mirror)",
    ],
  ])("%s is seen", async (_, script, expected, look) => {
    const [seen] = await served([[`${patience}; (${script}) >/dev/null 2>&1; is '${expected}' "$1"`, look]]);
    expect(seen).toBe(`${expected}\nstatus 0`);
  });

  test.each([
    [
      "a link that a directory has become",
      `mkdir /run/files/d; echo a >/run/files/d/a; echo b >/run/files/d/b; cat /run/mirror/d/a; mv /run/files/d /run/files/e; ln -s e /run/files/d
       cat /run/mirror/d/b; echo c >/run/mirror/d/c; cat /run/files/e/c`,
      "a\nb\nc",
    ],
    [
      "a directory on whose way a link stands now",
      `mkdir -p /run/files/d/in; echo a >/run/files/d/in/a; echo b >/run/files/d/in/b; cat /run/mirror/d/in/a; mv /run/files/d /run/files/e; ln -s e /run/files/d
       cat /run/mirror/d/in/b`,
      "a\nb",
    ],
    [
      "a directory that was open when it went: nothing is in it",
      `mkdir /run/files/d; perl -e 'open my $d, "<", "/run/mirror/d" or die; rmdir "/run/files/d" or die; syscall(263, fileno $d, my $path = "f", 0); print $!{ENOENT} ? "none" : $!, "\n"'`,
      "none",
    ],
    [
      "a directory that was open when it was moved: its files are in it",
      `mkdir /run/files/d; echo a >/run/files/d/a; perl -e 'open my $d, "<", "/run/mirror/d" or die; rename "/run/files/d", "/run/files/e" or die; chdir $d; open my $f, "<", "a" or die "a: $!"; print <$f>'`,
      "a",
    ],
  ])("%s, at once", async (_, script, expected) => {
    expect((await served([[script]]))[0]).toBe(`${expected}\nstatus 0`);
  });

  test.each([
    [
      "a file is read as long as it was when it was looked at, though another has taken its name",
      `for my $size (5000, 7) { open my $file, ">", "$behind.$size" or die; print $file "x" x $size; close $file; }
       rename "$behind.5000", $behind;
       my $long = (lstat $path)[7];
       rename "$behind.7", $behind;
       open my $file, "<", $path or die; read $file, my $text, 10000;
       $failed++ if $long != length $text;`,
    ],
    [
      "a directory that has gone since it was looked at is an empty one",
      "mkdir $behind; lstat $path; rmdir $behind; opendir(my $d, $path) or $failed++, next; $failed++ if grep !/^[.]/, readdir $d;",
    ],
  ])("%s", async (_, round) => {
    const script = `my ($path, $behind) = qw(/run/mirror/f /run/files/f); for (1 .. 200) { ${round} }
      print $failed < 100 ? "as it was" : "failed $failed times", "\n";`;
    // What has waited for longer than it is held is something else by then.
    expect((await served([[`perl -e "$1"`, script]]))[0]).toBe("as it was\nstatus 0");
  });

  test("a directory that the engine is in goes: it can make nothing there, and nothing else is changed", async () => {
    const script =
      "mkdir /run/files/d; cd /run/mirror/d; rmdir /run/files/d; (echo x >f) 2>/dev/null || echo refused; mkdir /run/files/d; cd /run/mirror/d; echo y >f; cat /run/files/d/f";
    expect((await served([[script]]))[0]).toBe("refused\ny\nstatus 0");
  });

  test("somebody's lease on a file is waited for, and he gets no other meanwhile", async () => {
    // Gives it when the mirror waits for it.
    const holder = String.raw`use Fcntl;
      ${awaitedLease}
      $SIG{IO} = sub {
        print "asked\n"; select undef, undef, undef, 0.05 until awaited; print "given\n"; fcntl($file, 1024, 2);
        print fcntl($file, 1024, 1) ? "again\n" : "refused\n"; exit;
      };
      open($file, "+<", "/run/files/leased"); fcntl($file, 1024, 1) or die "lease: $!"; $| = 1; print "held\n"; sleep 30`;
    const script = `echo text >/run/files/leased
      perl -e "$1" >/run/said & holder=$!; until grep -q held /run/said; do sleep 0.05; done
      cat /run/mirror/leased >/run/got; echo added >>/run/mirror/leased; wait $holder; cat /run/said /run/got /run/files/leased`;
    expect((await served([[script, holder]]))[0]).toBe(
      "held\nasked\ngiven\nrefused\ntext\ntext\nadded\nstatus 0",
    );
  });
});

describe.skipIf(!isRoot)("a machine that is hostile to its engine (needs root)", () => {
  /**
   * Swaps two names for each other as fast as can be, until it is ended. Rests now and then with both in place:
   * else, in step with each other, the engine may never find the file.
   */
  const swap = (one: string, two: string) =>
    `perl -e 'my ($one, $two) = @ARGV; while (1) { syscall(316, -100, $one, -100, $two, 2) for 1 .. 1000; select undef, undef, undef, 0.002 }' ${one} ${two} & swapper=$!`;
  const outside =
    "cd /run/outside; stat -c '%a %u %s' file; cat file; find . | sort; getfacl -cnp file | wc -l";
  /**
   * All that an engine does to a file, from within the mirror, so that a link leads nowhere else by itself:
   * how often it has read what, and changed something.
   */
  const change = String.raw`chroot "/run/mirror" or die; chdir "/"; my ($path) = @ARGV; my ($directory) = $path =~ m{(.*)/};
    for (my $round = 0; $round < 1500 || !$done && $round < 30000; $round++) {
      $done++ if chmod 0777, $path; chown 7, 7, $path; truncate $path, 9; utime 5, 5, $path;
      if (open my $file, "+<", $path) { $read{precious}++ if <$file> =~ /precious/; seek $file, 0, 0; print $file "x"; }
      syscall(188, my $to = $path, my $name = "trusted.note", my $value = "v", 1, 0);
      if (open my $file, ">", "$directory/new") { print $file "new"; close $file; rename "$directory/new", "$directory/newer"; unlink "$directory/newer"; }
      mkdir "$directory/made"; rmdir "$directory/made"; link $path, "$directory/linked"; unlink "$directory/linked";
    }
    print $done > 0 ? "changed" : "nothing changed", " ", join(",", %read), "\n";`;

  test.each([
    [
      "a directory on the way",
      "ln -s /run/outside /run/files/link",
      "/run/files/d",
      "/run/files/link",
      "d/file",
    ],
    [
      "a directory on the way, up and out",
      "ln -s ../../run/outside /run/files/link",
      "/run/files/d",
      "/run/files/link",
      "d/file",
    ],
    [
      "the file",
      "ln -s /run/outside/file /run/files/d/link",
      "/run/files/d/file",
      "/run/files/d/link",
      "d/file",
    ],
  ])("puts a link in the place of %s: what that leads to stays as it is", async (_, put, one, two, path) => {
    const script = `echo precious >/run/outside/file; chmod 600 /run/outside/file; mkdir -p /run/files/d; echo mine >/run/files/d/file; ${put}
      ${swap(one, two)}; perl -e "$1" ${path}; kill $swapper; ${outside}`;
    const [seen] = await served([[script, change]]);
    expect(seen).toBe("changed \n600 0 9\nprecious\n.\n./file\n4\nstatus 0");
  });

  test("sees nothing of a mount below its files, and changes nothing in it", async () => {
    const script = `echo precious >/run/outside/file; chmod 600 /run/outside/file; mkdir /run/files/d; echo mine >/run/files/d/file
      mount --bind /run/outside /run/files/d; perl -e "$1" d/file; ${outside}`;
    const [seen] = await served([[script, change]]);
    expect(seen).toBe("changed \n600 0 9\nprecious\n.\n./file\n4\nstatus 0");
  });
});

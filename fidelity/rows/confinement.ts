import type { Row } from "../row.ts";

/** What units confine themselves by: systemd.exec(5), "Sandboxing" and "Credentials". */
export const confinement: readonly Row[] = [
  {
    id: "dynamic-user",
    title: "DynamicUser=",
    passes: "a unit runs as a user that is made for it, and writes to its StateDirectory=",
    script: `
out=$(unit -p DynamicUser=yes -p StateDirectory=fidelity sh -c 'touch /var/lib/fidelity/mine && id -u') || fail "$(why $?)"
[ "$out" -ge 61184 ] && [ "$out" -le 65519 ] || fail "it ran as user $out"`,
  },
  {
    id: "protect-system",
    title: "ProtectSystem=strict",
    passes: "the unit runs, and can write to its ReadWritePaths= alone",
    script: `
mkdir -p /var/fidelity
out=$(unit -p ProtectSystem=strict -p ReadWritePaths=/var/fidelity sh -c '
  touch /var/fidelity/mine || echo /var/fidelity refused
  touch /usr/other 2>/dev/null && echo /usr
  touch /var/other 2>/dev/null && echo /var
  touch /etc/other 2>/dev/null && echo /etc
  true') || fail "$(why $?)"
rm -f /usr/other /var/other /etc/other
[ -z "$out" ] || fail "the unit could write to" $out`,
  },
  {
    id: "private-tmp",
    title: "PrivateTmp=",
    passes: "the unit and the others do not see each other's files in /tmp",
    script: `
touch /tmp/outer
out=$(unit -p PrivateTmp=yes sh -c 'ls /tmp; touch /tmp/inner') || fail "$(why $?)"
[ ! -e /tmp/inner ] && [ -z "$out" ] || { rm -f /tmp/inner; fail "the unit has the same /tmp as all others"; }`,
  },
  {
    id: "private-devices",
    title: "PrivateDevices=",
    passes: "the unit has a /dev of its own with the usual devices",
    script: `
touch /dev/shared
out=$(unit -p PrivateDevices=yes sh -c 'test -e /dev/shared && echo shared; echo >/dev/null && head -c 1 /dev/urandom >/dev/null') || fail "$(why $?)"
rm -f /dev/shared
[ -z "$out" ] || fail "the unit has the same /dev as all others"`,
  },
  {
    id: "private-network",
    title: "PrivateNetwork=",
    passes: "the unit has a network of its own, with a loopback alone",
    script: `
out=$(unit -p PrivateNetwork=yes sh -c 'readlink /proc/self/ns/net; ip -o link') || fail "$(why $?)"
echo "$out"
case $out in "$(readlink /proc/self/ns/net)"*) fail "the unit has the same network as all others" ;; esac
[ "$(echo "$out" | wc -l)" = 2 ] || fail "the unit has more than a loopback"`,
  },
  {
    id: "no-new-privileges",
    title: "NoNewPrivileges=",
    passes: "the kernel's flag is set in the unit, of an ordinary user",
    script: `
out=$(unit -p NoNewPrivileges=yes -p User=nobody grep NoNewPrivs /proc/self/status) || fail "$(why $?)"
case $out in *1) ;; *) fail "the flag is not set: $out" ;; esac`,
  },
  {
    id: "system-call-filter",
    title: "SystemCallFilter=",
    passes: "a refused system call fails, and others do not",
    script: `
filtered() { unit -p SystemCallFilter='~mkdir mkdirat' -p SystemCallErrorNumber=EPERM "$@"; }
filtered true || fail "$(why $?)"
filtered mkdir /tmp/refused && { rmdir /tmp/refused; fail "nothing is filtered"; }
unit mkdir /tmp/allowed && rmdir /tmp/allowed`,
  },
  {
    id: "private-users",
    title: "PrivateUsers=",
    passes: "the unit has a user namespace of its own",
    script: `
out=$(unit -p PrivateUsers=yes readlink /proc/self/ns/user) || fail "$(why $?)"
[ "$out" != "$(readlink /proc/self/ns/user)" ] || fail "the unit has the same user namespace as all others"`,
  },
  {
    id: "load-credential",
    title: "LoadCredential=",
    passes: "the unit reads the secret that it was given",
    script: `
echo secret >/root/secret
out=$(unit --unit=credentialed -p LoadCredential=token:/root/secret -p User=nobody sh -c 'cat "$CREDENTIALS_DIRECTORY/token"' 2>&1) || fail "$(complaint "$out")"
[ "$out" = secret ] || fail "it read: $out"`,
  },
];

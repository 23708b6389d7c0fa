import type { Row } from "../row.ts";

/** What root asks of the kernel directly. */
export const kernel: readonly Row[] = [
  {
    id: "mount",
    title: "mount: tmpfs, bind",
    passes: "both can be mounted, written to and unmounted",
    script: `
mkdir -p /mnt/one /mnt/two
out=$(mount -t tmpfs tmpfs /mnt/one 2>&1) || fail "$(complaint "$out")"
touch /mnt/one/file || fail "a tmpfs cannot be written to"
out=$(mount --bind /mnt/one /mnt/two 2>&1) || fail "bind: $(complaint "$out")"
[ -e /mnt/two/file ] || fail "the bind does not show its source"
umount /mnt/two /mnt/one || fail "they cannot be unmounted"`,
  },
  {
    id: "propagation",
    title: "mounts reach running units",
    passes: "a unit with PrivateTmp= that runs already sees what is mounted then",
    script: `
mkdir -p /mnt/later
systemd-run --quiet --unit=propagated.service -p PrivateTmp=yes sleep 60 || fail "$(why $?)"
mount -t tmpfs later /mnt/later || fail "nothing can be mounted"
grep -q ' /mnt/later ' "/proc/$(systemctl show -P MainPID propagated.service)/mountinfo"
seen=$?
systemctl stop propagated.service
umount /mnt/later
[ $seen = 0 ] || fail "the unit does not see it: the root is no shared mount"`,
  },
  {
    id: "unshare",
    title: "unshare: mnt, pid, net, user",
    passes: "root can make each of the namespaces, with a /proc of its own for pid",
    script: `
lacking=
try() { kind=$1; shift; unshare "$@" || lacking="$lacking $kind"; }
try mount --mount true
try pid --pid --fork --mount-proc sh -c 'test $$ = 1 && ps >/dev/null'
try net --net true
try user --user --map-root-user true
[ -z "$lacking" ] || fail "refused:$lacking"`,
  },
  {
    id: "sysctl",
    title: "sysctl net.*",
    passes: "net.ipv4.ip_forward and net.core.somaxconn can be set",
    script: `
set_it() {
  out=$(sysctl -q -w "$1=$2" 2>&1) || fail "$1: $(complaint "$out")"
  [ "$(sysctl -n "$1")" = "$2" ] || fail "$1 stays $(sysctl -n "$1")"
}
[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ] && set_it net.ipv4.ip_forward 0
set_it net.ipv4.ip_forward 1
set_it net.core.somaxconn 1234`,
  },
  {
    id: "ping",
    title: "ping as root and user",
    passes: "127.0.0.1 answers both",
    script: `
out=$(ping -c 1 -W 2 127.0.0.1 2>&1) || fail "as root: $(complaint "$out")"
out=$(setpriv --reuid=nobody --regid=nogroup --clear-groups ping -c 1 -W 2 127.0.0.1 2>&1) || fail "as a user: $(complaint "$out")"`,
  },
  {
    id: "nice",
    title: "nice -n -5",
    passes: "root's command runs with that nice value",
    script: `
out=$(nice -n -5 nice 2>&1)
[ "$out" = -5 ] || fail "$(complaint "$(echo "$out" | head -n 1)")"
out=$(unit -p Nice=-5 nice 2>&1) || fail "Nice=-5: $(why $?)"
[ "$out" = -5 ] || fail "Nice=-5 gave $out"`,
  },
  {
    id: "veth",
    title: "veth between two netns",
    passes: "`ip netns` and `ip link` make it, and a ping passes",
    script: `
out=$(ip netns add one 2>&1 && ip netns add two 2>&1) || fail "$(complaint "$out")"
out=$(ip link add v1 netns one type veth peer name v2 netns two 2>&1) || fail "$(complaint "$out")"
for end in 1 2; do
  name=$([ $end = 1 ] && echo one || echo two)
  out=$({ ip -n $name address add 10.9.8.$end/24 dev v$end && ip -n $name link set v$end up; } 2>&1) || fail "ip -n: $(complaint "$out")"
done
out=$(ip netns exec one ping -c 1 -W 5 10.9.8.2 2>&1) || fail "$(complaint "$out")"
ip netns del one && ip netns del two`,
  },
];

#!/bin/sh
# Runs as the PID namespace's init:
# STATE DATA VIEW ROOT UPLINK HOSTNAME MARK [LAYER FILES]... -- SHOWN... -- INIT DOCKERD ARGUMENT...
# INIT is docker-init or tini, which takes this shell's place: it reaps the orphans of shims and machines,
# passes SIGTERM and SIGHUP on to dockerd, and ends with it.
set -eu
umask 022
# mount -n throughout: the host's /run/mount/utab is not ours to write in.
state=$1 data=$2 view=$3 root=$4 uplink=$5 hostname=$6 mark=$7
shift 7

# The host's /proc is still in sight, so this is our pid and start time as the host knows them.
IFS= read -r identity </proc/self/stat
printf '%s\n' "$identity" >"$state/init.new"
mv "$state/init.new" "$state/init"
printf '%s\n' "$identity" >"$mark"
if [ "$uplink" = yes ]; then printf '%s\n' "${identity%% *}" >&3; fi
if [ -n "$hostname" ]; then printf '%s\n' "$hostname" >/proc/sys/kernel/hostname; fi
ip link set lo up

# Lent layers, which show wherever the data does. dockerd binds these two directories to themselves, without what
# is mounted below them, unless they are mounts already.
if [ "$1" != -- ]; then
  for own in "$data/docker" "$data/docker/overlay2"; do mount -n --bind "$own" "$own"; done
fi
while [ "$1" != -- ]; do mount -n -o bind,ro "$2" "$data/docker/overlay2/$1/diff"; shift 2; done
shift

new=
if [ -n "$root" ]; then
  # An overlay that is forgotten at the end: several engines may share one root, and none changes it.
  mkdir -p "$state/root" "$state/layer"
  mount -n -t tmpfs -o mode=755 tmpfs "$state/layer"
  mkdir "$state/layer/upper" "$state/layer/work"
  layers=lowerdir=$root,upperdir=$state/layer/upper,workdir=$state/layer/work
  mount -n -t overlay -o "$layers" overlay "$state/root"
  new=$state/root
  mount -n --rbind /dev "$new/dev"
  mount -n -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$new/tmp"
else
  shadowed='@SHADOWED_DIRECTORIES@'
  for place in $shadowed; do
    case $data/ in "$place"/*) continue ;; esac
    mount -n -t tmpfs -o mode=755 tmpfs "$place"
  done
fi

# sysfs shows the network namespace of its mounter: a new one, with the wanted cgroup tree in it.
mkdir -p "$state/sys"
mount -n -t sysfs sysfs "$state/sys"
if [ "$view" = host ]; then
  mount -n --rbind /sys/fs/cgroup "$state/sys/fs/cgroup"
else
  # Mounting cgroup2 anew from here would reset the host's nsdelegate: bind the host's own where there is one.
  unified=
  while read -r _ point type _; do
    if [ "$type" = cgroup2 ]; then unified=$point; break; fi
  done </proc/self/mounts
  if [ -n "$unified" ]; then mount -n --bind "$unified" "$state/sys/fs/cgroup"
  else mount -n -t cgroup2 cgroup2 "$state/sys/fs/cgroup"; fi
fi
for point in /sys/kernel/security /sys/fs/bpf; do
  if mountpoint -q "$point"; then mount -n --rbind "$point" "$state$point"; fi
done
# A tree only covered, not unmounted, would still show in /proc/self/mountinfo, and runtimes believe that.
if [ -z "$new" ] && mountpoint -q /sys; then umount -n -l /sys; fi
mount -n --move "$state/sys" "$new/sys"

mkdir -p "$state/run"
mount -n -t tmpfs -o mode=755,nosuid,nodev tmpfs "$state/run"
mkdir -m 1777 "$state/run/lock"
# Where programs look for an engine, and what services bind that talk to theirs.
ln -s "$state/docker.sock" "$state/run/docker.sock"

# Keeps a directory in sight at its own path where /run, /tmp or the whole root is new.
show() {
  case $1/ in
    /run/*) place=$state/run${1#/run} ;;
    *) if [ -z "$new" ]; then return; fi; place=$new$1 ;;
  esac
  mkdir -p "$place"
  mount -n "$2" "$1" "$place"
}
show "$state" --bind
show "$data" --rbind
# Its machines' ids are the host's. What it notes there of its own files is seen from the host by way of us.
show /run/berth/ids --bind
printf '/proc/%s/root\n' "${identity%% *}" >"$state/run/berth/root"
while [ "$1" != -- ]; do show "$1" --rbind; shift; done
shift

if [ "$uplink" = yes ]; then
  # The host's own name server may listen on its loopback, which is not ours.
  resolv=$(readlink -m /etc/resolv.conf)
  if [ -n "$new" ]; then rm -f "$new/etc/resolv.conf"; cp "$state/resolv.conf" "$new/etc/resolv.conf"
  else
    case $resolv in
      /run/*)
        resolv=$state/run${resolv#/run}
        mkdir -p "$(dirname "$resolv")"
        cp "$state/resolv.conf" "$resolv"
        ;;
      *) mount -n --bind "$state/resolv.conf" "$resolv" ;;
    esac
  fi
fi

# Namespaces and file systems that others mounted below /run must not live on because we hold a copy. All go
# at once with the mount that they are in, by no path of theirs: users choose those. Where /run is none, they
# end when their places are removed.
if [ -z "$new" ] && mountpoint -q /run; then
  mount -n --move "$state/run" /sys
  while mountpoint -q /run; do umount -n -l /run; done
  mount -n --move /sys /run
else
  mount -n --move "$state/run" "$new/run"
fi
if [ -z "$new" ]; then umount -n -l /proc; fi
mount -n -t proc proc "$new/proc"
if [ -n "$new" ]; then
  cd "$new"
  pivot_root . mnt
  cd /
  umount -n -l /mnt
fi
echo 1 >/proc/sys/net/ipv4/ip_forward

init=$1
shift
# Only init keeps the pipe whose closing ends the uplink.
exec "$init" -- sh -c 'exec 3>&-; exec "$@"' sh "$@"

# shellcheck shell=sh

# A hook of a machine in a user namespace, called by its config.json alone: after the runtime has taken over
# the mounts of the stage, and before init starts. Sets the NIS domain name, gives the machine's root its
# cgroups, and removes the stage.
settle() {
  stage="@STAGE@" base="@BASE@" named="@NAMED@" unified="@UNIFIED@" domain="@DOMAIN@"
  controllers_at="@CONTROLLERS_AT@" descendants="@DESCENDANTS@" depth="@DEPTH@" access="@ACCESS@"
  read -r pid || :
  pid=${pid#*'"pid":'}
  pid=${pid#"${pid%%[! ]*}"}
  pid=${pid%%[!0-9]*}
  machine=${stage%/stage}
  id=${machine##*/}
  find_start "$pid"
  printf '%s\n' "$pid" "$start" >"$machine/pid"
  if [ -n "$domain" ]; then
    # shellcheck disable=SC2016 # the other shell's
    nsenter --uts="/proc/$pid/ns/uts" sh -c 'printf %s "$1" >/proc/sys/kernel/domainname' sh "$domain" || exit
  fi
  set --
  while IFS=: read -r _ controllers path; do
    case $controllers in
      name=systemd) cgroup=$named$path files='cgroup.procs tasks' ;;
      '') cgroup=$unified$path files='cgroup.procs cgroup.threads cgroup.subtree_control' ;;
      *)
        [ -n "$controllers_at" ] || continue
        # Controllers that are mounted together have a link for each, or are named after one of them.
        cgroup=$controllers_at/${controllers%%,*}$path files='cgroup.procs tasks'
        [ -d "$cgroup" ] || continue
        ;;
    esac
    # Skip a cgroup that is not the container's own: a runtime that ignores a hierarchy leaves it in
    # the engine's cgroup there.
    case $cgroup in "$path") continue ;; esac
    case $path in *"$id"*) ;; *) continue ;; esac
    case $controllers in
      # The launcher thaws what it kills by this file.
      *freezer*) printf '%s\n' "$cgroup" >"$machine/freezer" ;;
      '')
        printf '%s\n' "$descendants" >"$cgroup/cgroup.max.descendants"
        printf '%s\n' "$depth" >"$cgroup/cgroup.max.depth"
        ;;
    esac
    # The launcher lifts limits that keep processes from ending by this file.
    case ,$controllers, in ,, | *,blkio,* | *,cpu,*) printf '%s\n' "$cgroup" >>"$machine/limits" ;; esac
    printf '%s\n' "$cgroup" >>"$machine/cgroups"
    set -- "$@" "$cgroup"
    for file in $files; do set -- "$@" "$cgroup/$file"; done
  done <"/proc/$pid/cgroup"
  # Make the file system itself read-only: root in the machine could remount a read-only mount.
  [ "$access" != ro ] || LIBMOUNT_FORCE_MOUNT2=always mount -o remount,ro,nodev "$stage/root" || exit
  # Do both at once, since the machine waits for them, and in one pipe: crun calls hooks with SIGCHLD blocked,
  # where `wait` of BusyBox and of newer versions of dash never returns. umount says nothing unless it fails.
  umount -l "$stage" 2>&1 | {
    [ "$#" -eq 0 ] || chown "$base:$base" "$@" || exit
    if read -r complaint; then
      printf '%s\n' "$complaint" >&2
      exit 1
    fi
  }
  exit
}

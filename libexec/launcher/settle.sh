# shellcheck shell=sh

# A hook of a machine in a user namespace: when the runtime has taken over what is mounted in the machine's
# stage, and before its init starts, the machine gets its NIS domain name and its cgroup, which become its
# root's, and the stage goes. Only a machine's config.json calls it.
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
        # Controllers that are mounted together have a link for each, or one of their names.
        cgroup=$controllers_at/${controllers%%,*}$path files='cgroup.procs tasks'
        [ -d "$cgroup" ] || continue
        ;;
    esac
    # Never a cgroup that is not the container's own: a runtime that leaves a hierarchy out stays in the
    # engine's there.
    case $cgroup in "$path") continue ;; esac
    case $path in *"$id"*) ;; *) continue ;; esac
    case $controllers in
      # With this the launcher thaws what is to be killed.
      *freezer*) printf '%s\n' "$cgroup" >"$machine/freezer" ;;
      '')
        printf '%s\n' "$descendants" >"$cgroup/cgroup.max.descendants"
        printf '%s\n' "$depth" >"$cgroup/cgroup.max.depth"
        ;;
    esac
    # And lifts what keeps it from ending.
    case ,$controllers, in ,, | *,blkio,* | *,cpu,*) printf '%s\n' "$cgroup" >>"$machine/limits" ;; esac
    printf '%s\n' "$cgroup" >>"$machine/cgroups"
    set -- "$@" "$cgroup"
    for file in $files; do set -- "$@" "$cgroup/$file"; done
  done <"/proc/$pid/cgroup"
  # A mount that is read-only its root could mount otherwise; the file system is the host's.
  [ "$access" != ro ] || LIBMOUNT_FORCE_MOUNT2=always mount -o remount,ro,nodev "$stage/root" || exit
  # Both at once: the machine waits for them.
  umount -l "$stage" &
  failed=
  [ "$#" -eq 0 ] || chown "$base:$base" "$@" || failed=$?
  wait "$!" || failed=$?
  exit "${failed:-0}"
}

# shellcheck shell=sh

# The verb's own words: the container's id, and for kill the signal and its place.
bundle=. id='' process='' cgroup='' signal='' signal_at=0 all='' force='' detach='' seen=0 position=0
for word; do
  seen=$((seen + 1))
  [ "$seen" -gt "$index" ] || continue
  if [ -n "$after" ]; then
    case $after in bundle) bundle=$word ;; process) process=$word ;; cgroup) cgroup=$word ;; esac
    after=
    continue
  fi
  case $word in
    --bundle=* | -bundle=* | -b=*) bundle=${word#*=} ;;
    --bundle | -bundle | -b) after=bundle ;;
    --process=* | -process=* | -p=*) process=${word#*=} ;;
    --process | -process | -p) after=process ;;
    --cgroup=* | -cgroup=*) cgroup=${word#*=} ;;
    --cgroup | -cgroup) after=cgroup ;;
    # Further options with a value, of runc up to 1.5 and crun up to 1.28.
    --console-socket | -console-socket | --pidfd-socket | -pidfd-socket | --pid-file | -pid-file) after=other ;;
    --preserve-fds | -preserve-fds | --config | --cwd | -cwd | --env | -env | -e) after=other ;;
    --user | -user | -u | --additional-gids | -additional-gids | -g | --cap | -cap | -c) after=other ;;
    --apparmor | -apparmor | --process-label | -process-label) after=other ;;
    --image-path | -image-path | --work-path | -work-path | --parent-path | -parent-path) after=other ;;
    --manage-cgroups-mode | -manage-cgroups-mode | --network-lock | --empty-ns | -empty-ns) after=other ;;
    --lsm-profile | -lsm-profile | --lsm-mount-context | -lsm-mount-context) after=other ;;
    --page-server | -page-server | --status-fd | -status-fd) after=other ;;
    # crun's short form of --config; for delete the one of --force.
    -f) case $verb in create | run) after=other ;; *) force=1 ;; esac ;;
    --detach | -detach | -d | --detach=true | -detach=true | -d=true) detach=1 ;;
    --all | -all | -a | --all=true | -all=true) all=1 ;;
    --force | -force | --force=true | -force=true | -f=true) force=1 ;;
    -*) ;;
    *)
      position=$((position + 1))
      case $position in 1) id=$word ;; 2) signal=$word signal_at=$seen ;; esac
      # The command to run follows.
      [ "$verb" != exec ] || break
      ;;
  esac
done

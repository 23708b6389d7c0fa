# shellcheck shell=sh

# Whether a command is to be started in the cgroup that the machine's systemd makes for itself. Wait for that,
# early in a boot: until systemd has given controllers to the cgroups below its own, the runtime puts commands
# into that one, where a single one prevents it (cgroups(7), "no internal processes"). Then its units have no
# limits.
in_scope() {
  { read -r scope && { read -r late || late=; }; } 2>/dev/null <"$machine/scope" || return
  waited=0
  while [ ! -d "$scope" ]; do
    # A machine of another hierarchy, one that ends, or one that has been waited for in vain.
    [ -d "${scope%/*}" ] && [ -z "$late" ] || return
    # 10 s are more than a busy host takes. Its root may have removed the cgroup: wait only once.
    if [ "$waited" -ge 200 ]; then
      echo late >>"$machine/scope"
      return 1
    fi
    sleep 0.05
    waited=$((waited + 1))
  done
}

import type { Row } from "../row.ts";

/** What systemd does for administrators and users. */
export const manager: readonly Row[] = [
  {
    id: "boots",
    title: "boots: running, none failed",
    passes: "`systemctl is-system-running` says running",
    script: `
state=$(systemctl is-system-running)
systemctl list-units --failed --plain --no-legend --no-pager
[ "$state" = running ] || fail "$state:" $(systemctl list-units --failed --plain --no-legend --no-pager | cut -d ' ' -f 1)`,
  },
  {
    id: "systemd-run",
    title: "systemd-run, --scope, --pipe",
    passes: "all three run, each in the cgroup of its unit",
    script: `
systemd-run --quiet --wait --collect true || fail "as a service: $(why $?)"
out=$(echo words | systemd-run --quiet --wait --collect --pipe cat) || fail "with --pipe: $(why $?)"
[ "$out" = words ] || fail "--pipe gave: $out"
out=$(systemd-run --quiet --scope --unit=fidelity cat /proc/self/cgroup 2>&1) || fail "--scope: $(complaint "$out")"
case $out in *fidelity.scope*) ;; *) fail "--scope left the process in its cgroup" ;; esac`,
  },
  {
    id: "lingering",
    title: "lingering user's units",
    passes: "`loginctl enable-linger` starts the user's manager, which runs a unit",
    script: `
id lingerer >/dev/null 2>&1 || useradd --create-home lingerer
uid=$(id -u lingerer)
out=$(loginctl enable-linger lingerer 2>&1) || fail "enable-linger: $(complaint "$out")"
is_active "user@$uid.service"
as_user() { runuser -u lingerer -- env "XDG_RUNTIME_DIR=/run/user/$uid" "$@"; }
out=$(as_user systemctl --user is-system-running --wait 2>&1) || fail "systemctl --user: $out"
as_user systemd-run --user --quiet --wait --collect true || fail "the user's unit: $(why $?)"
out=$(systemctl --user --machine=lingerer@ is-system-running 2>&1) || fail "systemctl --machine=USER@: $(complaint "$out")"`,
  },
  {
    id: "login",
    title: "login session",
    passes: "a login by PAM is a session of logind with a scope and a runtime directory",
    script: `
id visitor >/dev/null 2>&1 || useradd --create-home visitor
out=$(runuser -l visitor -c 'echo "session=$XDG_SESSION_ID dir=$XDG_RUNTIME_DIR"; cat /proc/self/cgroup; test -w "$XDG_RUNTIME_DIR" && echo writable' 2>&1)
echo "$out"
case $out in *session=[0-9c]*) ;; *) fail "logind gives no session" ;; esac
case $out in *session-*.scope*) ;; *) fail "the session has no scope" ;; esac
case $out in *writable*) ;; *) fail "no runtime directory" ;; esac`,
  },
  {
    id: "hostname",
    title: "hostnamectl set-hostname",
    passes: "the name changes at once, and in /etc/hostname",
    script: `
old=$(hostname)
out=$(hostnamectl set-hostname renamed 2>&1) || fail "$(complaint "$out")"
new=$(hostname) kept=$(cat /etc/hostname)
hostnamectl set-hostname "$old"
[ "$new" = renamed ] || fail "the name stays $new"
[ "$kept" = renamed ] || fail "/etc/hostname stays $kept"`,
  },
  {
    id: "timer",
    title: "timers",
    passes: "a transient timer runs its unit",
    script: `
rm -f /run/rung
systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms touch /run/rung || fail "$(why $?)"
soon 50 test -e /run/rung || fail "it did not run within 10 s"`,
  },
  {
    id: "socket",
    title: "socket activation",
    passes: "a connection starts the unit, which answers",
    script: `
cat >/run/systemd/system/greeter.socket <<'END'
[Socket]
ListenStream=127.0.0.1:7777
Accept=yes
END
cat >/run/systemd/system/greeter@.service <<'END'
[Service]
ExecStart=echo activated
StandardOutput=socket
END
systemctl daemon-reload
systemctl start greeter.socket || fail "the socket does not start"
out=$(timeout 10 bash -c 'exec 3<>/dev/tcp/127.0.0.1/7777 && cat <&3')
systemctl stop greeter.socket
[ "$out" = activated ] || fail "it answered: $out"`,
  },
  {
    id: "journal",
    title: "journal across a restart",
    passes: "with /var/log/journal, what was logged is there after a restart of the machine",
    script: `
mkdir -p /var/log/journal
systemd-tmpfiles --create --prefix /var/log/journal
systemctl restart systemd-journald && journalctl --flush || fail "journald does not flush"
echo "written before" | systemd-cat -t fidelity
journalctl --sync
journalctl --quiet --no-pager -t fidelity -D /var/log/journal | grep -q "written before" || fail "nothing is in /var/log/journal"`,
    afterRestart: `journalctl --quiet --no-pager -t fidelity | grep -q "written before" || fail "what was logged before the restart is lost"`,
  },
  {
    id: "coredump",
    title: "core file of a crash",
    passes: "a unit with LimitCORE=infinity that crashes leaves a core file",
    script: `
case $(cat /proc/sys/kernel/core_pattern) in
  '|'*) inapplicable "the host's core_pattern is a pipe, which gives all dumps to the host" ;;
  */*) inapplicable "the host's core_pattern names a path" ;;
esac
rm -rf /var/tmp/core && mkdir /var/tmp/core
unit -p LimitCORE=infinity -p WorkingDirectory=/var/tmp/core sh -c 'kill -SEGV $$$$'
ls -l /var/tmp/core
[ -n "$(find /var/tmp/core -type f -size +0)" ] || fail "there is no core file"`,
  },
];

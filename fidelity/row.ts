import type { RunResult } from "#host/process/run.ts";

/** Something that real units or administrators need, as a script that is run in a machine by root's shell. */
export interface Row {
  /** For `--only`; short, lower-case. */
  readonly id: string;
  /** At most 27 characters: the table has 80 columns. */
  readonly title: string;
  /** When it counts as a yes, for the documentation. */
  readonly passes: string;
  /** Status 0 is yes. `fail` and `inapplicable`, of the prelude, end it otherwise. */
  readonly script: string;
  /** Run after the machine has been shut down and booted again; both must pass. */
  readonly afterRestart?: string;
  /** The controllers that the host needs, in the hierarchy that machines see, for any column to pass. */
  readonly controller?: string;
  /** Whether it installs packages from the archive in /srv/debs. */
  readonly packages?: readonly string[];
  /** Seconds for each script; 30 by default. */
  readonly limit?: number;
}

export type Verdict = "yes" | "no" | "n/a";

export interface Cell {
  readonly verdict: Verdict;
  /** Why it is no or n/a; empty for yes. */
  readonly reason: string;
  /** All that the script wrote. */
  readonly output: string;
}

const inapplicable = 77;

/**
 * What all scripts have: `fail` and `inapplicable`, which end with a reason; `unit`, which runs a command as
 * a transient unit and waits; `why`, which names a unit's status (systemd.exec(5), "Process Exit Codes");
 * `soon`, which waits for something.
 */
const prelude = `
LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL DEBIAN_FRONTEND PATH
fail() { printf '@%s\\n' "$*"; exit 1; }
inapplicable() { printf '@%s\\n' "$*"; exit ${inapplicable}; }
unit() { systemd-run --quiet --wait --pipe --collect "$@"; }
why() {
  case $1 in
    202) echo "the unit fails, 202/FDS" ;; 205) echo "the unit fails, 205/LIMITS" ;; 214) echo "the unit fails, 214/SETSCHEDULER" ;;
    216) echo "the unit fails, 216/GROUP" ;; 217) echo "the unit fails, 217/USER" ;; 218) echo "the unit fails, 218/CAPABILITIES" ;;
    219) echo "the unit fails, 219/CGROUP" ;; 225) echo "the unit fails, 225/NETWORK" ;; 226) echo "the unit fails, 226/NAMESPACE" ;;
    228) echo "the unit fails, 228/SECCOMP" ;; 238) echo "the unit fails, 238/STATE_DIRECTORY" ;; 243) echo "the unit fails, 243/CREDENTIALS" ;;
    *) echo "status $1" ;;
  esac
}
soon() {
  tries=$1
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.2
  done
}
# The first line of a complaint, without the name of the program that makes it.
complaint() { printf '%s\\n' "$1" | sed -n '/./{s/^[a-z_.-]*: //;p;q;}'; }
install() {
  echo 'deb [trusted=yes] file:/srv/debs ./' >/etc/apt/sources.list
  rm -f /etc/apt/sources.list.d/*
  said=$(apt-get update -q 2>&1) || { echo "$said"; fail "apt-get update fails"; }
  said=$(apt-get install -q -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@" 2>&1) || {
    echo "$said"
    fail "apt-get install fails: $(echo "$said" | grep -E '^(dpkg: error|E: )' | head -n 1)"
  }
  echo "$said"
}
is_active() {
  soon 50 systemctl is-active --quiet "$1" && return
  systemctl --no-pager --full status "$1" 2>&1 | tail -n 25
  journalctl --no-pager --quiet -u "$1" 2>&1 | tail -n 15
  status=$(systemctl show -P ExecMainStatus "$1")
  [ "$status" -gt 200 ] && fail "$1 does not start: $(why "$status")"
  fail "$1 is $(systemctl is-active "$1"), not active"
}
`;

/** A row's script as it is given to a shell. */
export function renderScript(script: string): string {
  return `${prelude}\n${script}`;
}

/**
 * Reads a script's outcome. What a script says by `fail` or `inapplicable` is the reason, else its last line.
 */
export function judge({ status, stdout, stderr }: RunResult, limit: number): Cell {
  const output = `${stdout}${stderr}`;
  if (status === 0) return { verdict: "yes", reason: "", output };
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const said = lines.findLast((line) => line.startsWith("@"))?.slice(1);
  if (status === inapplicable && said !== undefined) return { verdict: "n/a", reason: said, output };
  // timeout(1)
  if (said === undefined && (status === 124 || status === 137))
    return { verdict: "no", reason: `nothing came of it in ${limit} s`, output };
  return { verdict: "no", reason: said ?? lines.at(-1)?.trim() ?? `status ${status}`, output };
}

import type { Row } from "../row.ts";

/** Debian's packages as they come: apt installs them, and their units run. */
export const packages: readonly Row[] = [
  {
    id: "cron",
    title: "apt: cron",
    passes: "apt installs it, and its unit runs",
    packages: ["cron"],
    script: `
install cron
is_active cron.service`,
  },
  {
    id: "redis",
    title: "apt: redis-server",
    passes: "apt installs it, its unit (with PrivateUsers= and more) runs, and answers",
    packages: ["redis-server"],
    limit: 120,
    script: `
install redis-server
is_active redis-server.service
soon 20 redis-cli ping || fail "redis does not answer"`,
  },
  {
    id: "postfix",
    title: "apt: postfix",
    passes: "apt installs it, its unit runs, and a mail arrives",
    packages: ["postfix"],
    limit: 120,
    script: `
echo "postfix postfix/main_mailer_type select Local only" | debconf-set-selections
install postfix
is_active postfix@-.service
id reader >/dev/null 2>&1 || useradd --create-home reader
printf 'Subject: hello\\n\\nhello\\n' | sendmail reader@localhost || fail "sendmail refuses"
soon 50 test -s /var/mail/reader || { mailq; fail "the mail does not arrive"; }`,
  },
  {
    id: "postgresql",
    title: "apt: postgresql",
    passes: "apt installs it, its unit runs, and a query is answered",
    packages: ["postgresql"],
    limit: 180,
    script: `
install postgresql
is_active postgresql@15-main.service
[ "$(cd / && runuser -u postgres -- psql --no-align --tuples-only --command 'select 6 * 7')" = 42 ] || fail "the query is not answered"`,
  },
  {
    id: "docker",
    title: "apt: docker.io",
    passes: "apt installs it, and its units run",
    packages: ["docker.io"],
    limit: 180,
    script: `
install docker.io
is_active containerd.service
is_active docker.service
docker info 2>&1 | grep -E 'Storage|Cgroup'`,
  },
  {
    id: "nested",
    title: "docker run inside",
    passes: "that Docker runs a container of a static BusyBox",
    packages: ["docker.io", "busybox-static"],
    limit: 180,
    script: `
install docker.io busybox-static
is_active docker.service
rm -rf /tmp/box && mkdir -p /tmp/box/bin && cp /bin/busybox /tmp/box/bin/
tar -C /tmp/box -c . | docker import - box >/dev/null || fail "docker import fails"
out=$(docker run --rm box /bin/busybox echo hello 2>&1)
echo "$out"
[ "$out" = hello ] || fail "$(complaint "$out" | sed 's/[0-9a-f]\\{64\\}/ID/g;s/^Error response from daemon: //;s/: unknown\\.$//')"`,
  },
];

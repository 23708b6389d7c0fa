import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inMounts, isRoot } from "#lab/mount-namespace.ts";

const canTry = isRoot && existsSync("/etc/systemd") && !existsSync("/dev/nvidiactl");

/** A systemctl that only writes down what is asked of it, and whose units are as stale as /run/stale says. */
const systemd = `
  mount -t tmpfs -o mode=755 x /etc/systemd
  mkdir -p /run/systemd/system /etc/systemd/system /run/bin
  echo no >/run/stale
  cat >/run/bin/systemctl <<'END'
#!/bin/sh
echo "$*" >>/run/asked
case $1 in
  show) echo "NeedDaemonReload=$(cat /run/stale)" ;;
  daemon-reload) echo no >/run/stale ;;
esac
END
  chmod 755 /run/bin/systemctl
  export PATH=/run/bin:$PATH`;

const unit = JSON.stringify(import.meta.resolve("./stop-unit.ts"));
const trying = `
  const { installStopUnit, removeStopUnit } = await import(${unit});
  const { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } = await import("node:fs");
  const change = async (stale, work) => {
    rmSync("/run/asked", { force: true });
    writeFileSync("/run/stale", stale);
    const reload = await work();
    const asked = existsSync("/run/asked") ? readFileSync("/run/asked", "utf8") : "";
    return [reload, ...asked.split("\\n").slice(0, -1)];
  };
  const install = () => installStopUnit("/berth");`;

const asked = "show --property=NeedDaemonReload berth-stop.service";
const started = "start --no-block berth-stop.service";

test.skipIf(!canTry)("systemd reads the unit anew only where it holds another one (needs root)", async () => {
  const seen = await inMounts(
    `${trying}
    const first = await change("no", install);
    const second = await change("yes", install);
    return [first, second, readdirSync("/etc/systemd/system/multi-user.target.wants")];`,
    systemd,
  );
  expect(seen).toEqual([
    ["unneeded", asked, started],
    ["done", asked, "daemon-reload", started],
    ["berth-stop.service"],
  ]);
});

test.skipIf(!canTry)("the unit is stopped once systemd knows no ExecStop of it (needs root)", async () => {
  const seen = await inMounts(
    `${trying}
    await install();
    const removed = await change("yes", removeStopUnit);
    const left = readdirSync("/etc/systemd/system", { recursive: true });
    await install();
    return [removed, left, await change("no", removeStopUnit), await change("yes", removeStopUnit)];`,
    systemd,
  );
  expect(seen).toEqual([
    ["done", asked, "daemon-reload", "is-active --quiet berth-stop.service", "stop berth-stop.service"],
    ["multi-user.target.wants"],
    ["unneeded", asked],
    ["unneeded"],
  ]);
});

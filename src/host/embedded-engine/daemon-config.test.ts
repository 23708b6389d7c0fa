import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { applyDaemonConfig } from "./daemon-config.ts";
import { enginePaths } from "./options.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-daemon-config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("daemon.json is for whom its owner lets read it, since it may hold a proxy's password", async () => {
  const options = {
    name: "x",
    stateDirectory: join(directory, "state"),
    dataDirectory: join(directory, "data"),
  };
  const { config } = enginePaths(options);
  mkdirSync(dirname(config), { recursive: true });
  expect(await applyDaemonConfig({ ...options, extraConfig: { debug: true } })).toEqual({ debug: true });
  expect(statSync(config).mode & 0o777).toBe(0o644);
  writeFileSync(config, '{"proxies": {"http-proxy": "http://u:p@proxy"}}');
  chmodSync(config, 0o600);
  await applyDaemonConfig({ ...options, extraConfig: { debug: true } });
  expect(statSync(config).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
    proxies: { "http-proxy": "http://u:p@proxy" },
    debug: true,
  });
});

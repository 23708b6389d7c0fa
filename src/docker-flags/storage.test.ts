import { expect, test } from "bun:test";
import type { DeviceMapping } from "#api/host-config.ts";
import type { Mount } from "#api/mount.ts";
import { faultOf } from "#machinefile/read/fault.test.ts";
import { parseDockerFlags } from "./flags.ts";

const bodyOf = (...words: string[]) => parseDockerFlags(words).body;
const messageOf = (...words: string[]) => faultOf(() => parseDockerFlags(words)).message;

test("volumes with a source are binds, each once; others are the container's", () => {
  expect(bodyOf("-v/data", "-v/a:/b:ro,rslave", "-vdata:/c", "-v/a:/b:ro,rslave")).toEqual({
    Volumes: { "/data": {} },
    HostConfig: { Binds: ["/a:/b:ro,rslave", "data:/c"] },
  });
});

test.each(["", "data", "a:b", "/a:", ":/a", "/a:/b:ro:x", "x:/a", "../a:/b"])(
  "--volume %p is refused",
  (text) => {
    expect(messageOf("-v", text)).toStartWith("-v: ");
  },
);

test.each<[string, Mount]>([
  ["dst=/b", { Type: "volume", Target: "/b" }],
  ["type=bind,src=/a,target=/b,ro", { Type: "bind", Source: "/a", Target: "/b", ReadOnly: true }],
  [
    'type=bind,"source=/a,b",destination=/c,readonly=false',
    { Type: "bind", Source: "/a,b", Target: "/c", ReadOnly: false },
  ],
  ['type=bind,"src=/a""b",dst=/c', { Type: "bind", Source: '/a"b', Target: "/c" }],
  [
    "TYPE=Bind,src=/a,dst=/b,bind-propagation=RSLAVE,bind-nonrecursive,bind-create-src,consistency=Cached",
    {
      Type: "bind",
      Source: "/a",
      Target: "/b",
      Consistency: "cached",
      BindOptions: { Propagation: "rslave", NonRecursive: true, CreateMountpoint: true },
    },
  ],
  [
    "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly,bind-propagation=rprivate",
    {
      Type: "bind",
      Source: "/a",
      Target: "/b",
      ReadOnly: true,
      BindOptions: { ReadOnlyForceRecursive: true, Propagation: "rprivate" },
    },
  ],
  ["type=bind,src=/a,dst=/b,bind-recursive=enabled", { Type: "bind", Source: "/a", Target: "/b" }],
  [
    "src=a,dst=/b,volume-nocopy,volume-label=x=1,volume-label=y,volume-driver=local,volume-opt=type=nfs,volume-opt=o=a=b,volume-subpath=s",
    {
      Type: "volume",
      Source: "a",
      Target: "/b",
      VolumeOptions: {
        NoCopy: true,
        Labels: { x: "1", y: "" },
        DriverConfig: { Name: "local", Options: { type: "nfs", o: "a=b" } },
        Subpath: "s",
      },
    },
  ],
  [
    "type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1777",
    { Type: "tmpfs", Target: "/b", TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } },
  ],
  [
    "type=image,src=i,dst=/b,image-subpath=s",
    { Type: "image", Source: "i", Target: "/b", ImageOptions: { Subpath: "s" } },
  ],
])("--mount %s", (text, mount) => {
  expect(bodyOf("--mount", text)).toEqual({ HostConfig: { Mounts: [mount] } });
});

test.each([
  "",
  "type=bind,src=/a",
  "type=disk,dst=/a",
  "dst",
  "dst=",
  "dst= /a",
  "dst=/a,colour=red",
  "dst=/a,ro=maybe",
  'dst=/a,src="b"',
  'dst=/a,"src=b',
  'dst=/a,"src=b"c',
  "type=bind,src=/a,dst=/b,volume-nocopy",
  "dst=/b,bind-propagation=shared",
  "type=bind,src=/a,dst=/b,bind-propagation=loud",
  "type=bind,src=/a,dst=/b,bind-recursive=often",
  "type=bind,src=/a,dst=/b,bind-recursive=writable",
  "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly",
  "type=tmpfs,dst=/b,tmpfs-size=big",
  "type=tmpfs,dst=/b,tmpfs-mode=rwx",
])("--mount %p is refused", (text) => {
  expect(messageOf("--mount", text)).toStartWith("--mount: ");
});

test.each<[string, [string, string, string]]>([
  ["/dev/null", ["/dev/null", "/dev/null", "rwm"]],
  ["/dev//x/../null", ["/dev/null", "/dev/null", "rwm"]],
  ["/dev/null:r", ["/dev/null", "/dev/null", "r"]],
  ["/dev/null:/dev//x", ["/dev/null", "/dev/x", "rwm"]],
  ["/dev/null:/dev//x:wm", ["/dev/null", "/dev//x", "wm"]],
])("--device %s", (text, [PathOnHost, PathInContainer, CgroupPermissions]) => {
  const device: DeviceMapping = { PathOnHost, PathInContainer, CgroupPermissions };
  expect(bodyOf("--device", text)).toEqual({ HostConfig: { Devices: [device] } });
});

test.each(["", "null", "/dev/a:b", "/dev/a:/b:x", "/dev/a:/b:rr", "/dev/a:/b:r:w", ":/b"])(
  "--device %p is refused",
  (text) => {
    expect(messageOf("--device", text)).toStartWith("--device: ");
  },
);

import { expect, test } from "bun:test";
import { type BuilderContainer, type BuilderTask, renderBuilderContainer } from "./builder-container.ts";

const container = (task: BuilderTask): BuilderContainer => ({
  name: "berth-builder-0",
  task,
  madeBy: "mark",
});

test("a container tells its name, and who made it", () => {
  const { Labels } = renderBuilderContainer("base", container("build"), []);
  expect(Labels).toEqual({ "berth.builder": "berth-builder-0", "berth.builder.process": "mark" });
});

test("a container gets no more rights than its task takes, and nothing of the host", () => {
  const security = ["name=apparmor", "name=seccomp,profile=default", "name=cgroupns"];
  const install = renderBuilderContainer("base", container("install"), security).HostConfig;
  expect(install).toEqual({
    AutoRemove: true,
    CapDrop: ["ALL"],
    CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETFCAP", "SETGID", "SETUID"],
    SecurityOpt: ["no-new-privileges"],
  });
  const build = renderBuilderContainer("base", container("build"), security).HostConfig;
  expect(build?.CapAdd).toEqual([...(install?.CapAdd ?? []), "SYS_ADMIN", "SYS_CHROOT"]);
  expect(build?.SecurityOpt).toEqual(["no-new-privileges", "apparmor=unconfined"]);
  expect(Object.keys(build ?? {})).toEqual(Object.keys(install ?? {}));
});

test("mounting needs leave of what forbids it to containers, where the engine has that", () => {
  const options = (...security: string[]) =>
    renderBuilderContainer("base", container("build"), security).HostConfig?.SecurityOpt;
  expect(options("name=selinux", "name=cgroupns")).toEqual(["no-new-privileges", "label=disable"]);
  expect(options("name=seccomp,profile=default")).toEqual(["no-new-privileges"]);
});

import { closeSync, fstatSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathOnly } from "#host/syscall/path-only.ts";
import {
  attachMount,
  cloneMount,
  makeSlave,
  mapMount,
  mountFlags,
  restrictMount,
} from "#host/syscall/syscalls.ts";
import type { Restriction, StagedBind } from "#oci/isolation/binds.ts";
import { mapsNoIds } from "./unmappable.ts";

/**
 * A clone of the mount at a path, and the place for it of its kind. The path may lead elsewhere the next
 * time: it is gone once.
 */
function cloneOnto(source: string, recursive: boolean, place: string): number {
  const opened = openSync(source, pathOnly);
  try {
    if (fstatSync(opened).isDirectory()) mkdirSync(place);
    else writeFileSync(place, "");
    return cloneMount(`/proc/self/fd/${opened}`, recursive);
  } finally {
    closeSync(opened);
  }
}

/** Mounts a bind in the stage. False if its file system cannot map ids: then it is mounted without. */
export function stageBind(
  stage: string,
  { name, source, recursive, restricted, allRestricted }: StagedBind,
  userNamespace: number,
): boolean {
  const place = join(stage, name);
  const clone = cloneOnto(source, recursive, place);
  try {
    makeSlave(clone);
    if (restricted.length > 0) restrictMount(clone, flagsOf(restricted), false);
    if (allRestricted.length > 0) restrictMount(clone, flagsOf(allRestricted), true);
    // A tree may contain mounts that cannot map ids (/proc, NFS): then map only its top, or nothing.
    const isMapped =
      triesToMap(clone, userNamespace, recursive) || (recursive && triesToMap(clone, userNamespace, false));
    attachMount(clone, place);
    return isMapped;
  } finally {
    closeSync(clone);
  }
}

const flagsOf = (restrictions: readonly Restriction[]) =>
  restrictions.reduce((flags, name) => flags | mountFlags[name], 0);

/** False where a file system maps no ids. */
function triesToMap(clone: number, userNamespace: number, recursive: boolean): boolean {
  try {
    mapMount(clone, userNamespace, recursive);
    return true;
  } catch (error) {
    if (mapsNoIds(error)) return false;
    throw error;
  }
}

import type { IdRange } from "#linux/id-range.ts";

/*
 * A machine's ids on its host, and as the engine sees them: those in the image (user_namespaces(7)).
 */

/** The owner shown for ids that the machine does not have (proc_sys_kernel(5), overflowuid). */
const nobody = 65_534;

/** The id that the engine sees for one of the host's. */
export function idSeen({ base, count }: IdRange, id: number): number {
  return id >= base && id < base + count ? id - base : nobody;
}

/** The host's id for one that the engine names; the overflow id where the machine has none. */
export function idMeant({ base, count }: IdRange, id: number): number {
  return base + (id < count ? id : nobody);
}

const capability = "security.capability";
const accessLists = ["system.posix_acl_access", "system.posix_acl_default"];
/** linux/capability.h: sizes and revisions of struct vfs_cap_data and vfs_ns_cap_data. */
const [plainSize, namespacedSize] = [20, 24];
const [plainRevision, namespacedRevision, revisionMask] = [0x02000000, 0x03000000, 0xff000000];

/** An extended attribute (xattr(7)) as the engine is to see it: the ids in it are the image's. */
export function attributeSeen(range: IdRange, name: string, value: Uint8Array): Uint8Array {
  if (accessLists.includes(name)) return withIds(value, (id) => idSeen(range, id));
  if (name !== capability || value.length !== namespacedSize) return value;
  const view = viewOf(value);
  const root = idSeen(range, view.getUint32(plainSize, true));
  if (root !== 0) return replaced(value, plainSize, root);
  const plain = value.slice(0, plainSize);
  return replaced(plain, 0, (view.getUint32(0, true) & ~revisionMask) | plainRevision);
}

/**
 * An extended attribute as the machine is to have it, for one that the engine gives; undefined where it names
 * an id that the machine lacks.
 */
export function attributeMeant(range: IdRange, name: string, value: Uint8Array): Uint8Array | undefined {
  if (accessLists.includes(name)) {
    return idsOf(value).some((id) => id >= range.count)
      ? undefined
      : withIds(value, (id) => idMeant(range, id));
  }
  if (name !== capability || (value.length !== plainSize && value.length !== namespacedSize)) return value;
  const view = viewOf(value);
  const named = value.length === namespacedSize ? view.getUint32(plainSize, true) : 0;
  if (named >= range.count) return undefined;
  const root = idMeant(range, named);
  const namespaced = new Uint8Array(namespacedSize);
  namespaced.set(value.subarray(0, plainSize));
  return replaced(
    replaced(namespaced, 0, (view.getUint32(0, true) & ~revisionMask) | namespacedRevision),
    plainSize,
    root,
  );
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function replaced(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  viewOf(copy).setUint32(at, value >>> 0, true);
  return copy;
}

/**
 * The offsets of ids in an access control list (linux/posix_acl_xattr.h): its entries for single users and
 * groups.
 */
function placesOf(list: Uint8Array): readonly number[] {
  const places: number[] = [];
  for (let at = 4; at + 8 <= list.length; at += 8) {
    const tag = viewOf(list).getUint16(at, true);
    if (tag === 2 || tag === 8) places.push(at + 4);
  }
  return places;
}

const idsOf = (list: Uint8Array) => placesOf(list).map((at) => viewOf(list).getUint32(at, true));

function withIds(list: Uint8Array, change: (id: number) => number): Uint8Array {
  return placesOf(list).reduce(
    (bytes, at) => replaced(bytes, at, change(viewOf(bytes).getUint32(at, true))),
    list,
  );
}

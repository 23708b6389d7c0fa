/** Extended records of a member, by their keywords (POSIX.1-2024, pax, "pax Extended Header"). */
export type PaxRecords = ReadonlyMap<string, string>;

const space = 0x20;

/**
 * Parses `LENGTH KEYWORD=VALUE
 *
 * ` repeatedly; stops at the first malformed record.
 */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const text = bytes.indexOf(space, at) + 1;
    const length = Number(bytes.toString("latin1", at, text - 1));
    if (text === 0 || !Number.isSafeInteger(length) || length <= text - at) break;
    const record = bytes.toString("utf8", text, at + length - 1);
    const equals = record.indexOf("=");
    if (equals < 0) break;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

/** Such a record. Its length counts its own digits. */
export function renderPaxRecord(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const digits = String(bytes + String(bytes).length).length;
  return `${bytes + digits}${rest}`;
}

import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(16 * 256);
let used = pool.length;
let last = 0;
let count = 0;

/**
 * A UUID v7 (RFC 9562): milliseconds first, so that new rows go to the end of an index, then a counter (6.2, method 1), so
 * that a process's ids of one millisecond are in the order in which they were made. 62 bits are random.
 */
export function newId(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, used + 16);
  used += 16;
  // It begins in the lower half of its range, so there is room for 2,048 more.
  count = now === last ? count + 1 : bytes.readUInt16BE(6) & 0x7ff;
  last = now;
  bytes.writeUIntBE(now, 0, 6);
  bytes.writeUInt16BE(0x7000 | (count & 0xfff), 6);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

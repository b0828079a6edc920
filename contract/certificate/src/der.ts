/** The part of DER (ITU-T X.690) that a certificate needs. Everything is bytes: tag, length, content. */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  shortTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function tagged(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer =>
  tagged(TAG.sequence, Buffer.concat(parts));
export const set = (...parts: readonly Uint8Array[]): Buffer =>
  tagged(TAG.set, Buffer.concat(parts));
export const bits = (content: Uint8Array): Buffer =>
  tagged(TAG.bits, Buffer.concat([Buffer.from([0]), content]));
export const octets = (content: Uint8Array): Buffer => tagged(TAG.octets, content);
export const utf8 = (text: string): Buffer => tagged(TAG.utf8, Buffer.from(text));
export const truth = (value: boolean): Buffer =>
  tagged(TAG.boolean, Buffer.from([value ? 0xff : 0]));

/** Positive, of any size. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes[0] ?? 0;
  return tagged(TAG.integer, first < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
}

/** `2.5.29.17` */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(TAG.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** To the second, UTC; with two digits of the year until 2049, as RFC 5280 asks. */
export function time(at: Date): Buffer {
  const text = at
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  return at.getUTCFullYear() < 2050
    ? tagged(TAG.shortTime, Buffer.from(text.slice(2)))
    : tagged(TAG.time, Buffer.from(text));
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

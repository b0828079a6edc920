/**
 * How long a WebM or Matroska of sound is, by the times of its blocks and by what its packets of Opus say of themselves:
 * whoever is silent has next to no bytes in either. Nothing is decoded.
 */
const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const DURATION = 0x4489;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const CODEC_ID = 0x86;
/** What is looked into; a size that is not told ends with what it stands in. */
const HOLDS: ReadonlySet<number> = new Set([
  SEGMENT,
  INFO,
  CLUSTER,
  BLOCK_GROUP,
  0x1654ae6b, // Tracks
  0xae, // TrackEntry
]);

const NANOSECONDS = 1e9;
const SCALE_UNTOLD = 1_000_000;
/** No packet of Opus is longer; of another coding, what stands in a block is not told. */
const PACKET_US_MAX = 120_000;
const US = 1e6;

/** Undefined: it is none. */
export function matroskaSeconds(recording: Buffer): number | undefined {
  if (recording.length < 4 || recording.readUInt32BE(0) !== EBML) return undefined;
  const seen = { scale: SCALE_UNTOLD, told: 0, last: 0, cluster: 0, packetsUs: 0, isOpus: false };
  let at = 0;
  while (at < recording.length) {
    const id = readNumber(recording, at, false);
    const size = id && readNumber(recording, id.end, true);
    if (!id || !size) break;
    const { end: start } = size;
    if (HOLDS.has(id.value)) {
      at = start;
      continue;
    }
    const end = Math.min(recording.length, start + (size.value ?? recording.length));
    const value = recording.subarray(start, end);
    if (id.value === TIMESTAMP_SCALE) seen.scale = Math.max(seen.scale, readCount(value));
    else if (id.value === DURATION) seen.told = Math.max(seen.told, readFloat(value));
    else if (id.value === TIMESTAMP) seen.cluster = readCount(value);
    else if (id.value === CODEC_ID) seen.isOpus ||= value.toString('latin1').startsWith('A_OPUS');
    else if (id.value === SIMPLE_BLOCK || id.value === BLOCK) {
      const block = readBlock(value);
      seen.last = Math.max(seen.last, seen.cluster + block.offset);
      seen.packetsUs += block.us;
    }
    at = end;
  }
  const unit = seen.scale / NANOSECONDS;
  const byTime = seen.last === 0 ? 0 : seen.last * unit + PACKET_US_MAX / US;
  return Math.ceil(Math.max(seen.told * unit, byTime, seen.isOpus ? seen.packetsUs / US : 0));
}

/** EBML's numbers: the first byte says how many there are. An id keeps that mark; a size of ones alone is not told. */
function readNumber(
  bytes: Buffer,
  at: number,
  isSize: true,
): { readonly value: number | undefined; readonly end: number } | undefined;
function readNumber(
  bytes: Buffer,
  at: number,
  isSize: false,
): { readonly value: number; readonly end: number } | undefined;
function readNumber(bytes: Buffer, at: number, isSize: boolean) {
  const first = bytes[at];
  if (first === undefined || first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return undefined;
  let value = isSize ? first & (0xff >> length) : first;
  let isUntold = value === 0xff >> length;
  for (let n = 1; n < length; n++) {
    const byte = bytes[at + n] ?? 0;
    isUntold &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value: isSize && isUntold ? undefined : value, end: at + length };
}

function readCount(value: Buffer): number {
  let count = 0;
  for (const byte of value.subarray(0, 8)) count = count * 256 + byte;
  return count;
}

function readFloat(value: Buffer): number {
  const number =
    value.length === 8 ? value.readDoubleBE(0) : value.length === 4 ? value.readFloatBE(0) : 0;
  return Number.isFinite(number) && number > 0 ? number : 0;
}

const LACING = 0x06;

/** When it is, from its cluster's time; and how long its packets are, if they are of Opus. */
function readBlock(block: Buffer): { readonly offset: number; readonly us: number } {
  const track = readNumber(block, 0, true);
  if (track === undefined || track.end + 3 > block.length) return { offset: 0, us: 0 };
  const { end } = track;
  const offset = block.readInt16BE(end);
  const isLaced = ((block[end + 2] ?? 0) & LACING) !== 0;
  const frames = isLaced ? (block[end + 3] ?? 0) + 1 : 1;
  // Where each of several begins is not looked for: each may be as long as any.
  const us = isLaced ? frames * PACKET_US_MAX : packetUs(block.subarray(end + 3));
  return { offset, us };
}

const FRAMES_MAX = 63;

/** RFC 6716, 3.1 and 3.2: its first byte says how long a frame is, and how many there are. */
function packetUs(packet: Buffer): number {
  const [first, second = 0] = packet;
  if (first === undefined) return 0;
  const config = first >> 3;
  const frameMs =
    config < 12
      ? ([10, 20, 40, 60][config % 4] ?? 60)
      : config < 16
        ? ([10, 20][config % 2] ?? 20)
        : ([2.5, 5, 10, 20][config % 4] ?? 20);
  const code = first & 3;
  const frames = code === 0 ? 1 : code === 3 ? second & FRAMES_MAX : 2;
  return Math.min(PACKET_US_MAX, frames * frameMs * 1_000);
}

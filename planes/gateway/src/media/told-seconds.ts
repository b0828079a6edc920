import { matroskaSeconds } from './matroska-seconds.ts';

/** How long a recording says that it is, where its coding writes silence in next to no bytes. */
const FLAC_HEAD_BYTES = 42;
const OPUS_RATE = 48_000;
const PAGE = Buffer.from('OggS');
const PAGE_HEAD_BYTES = 27;
/** No page is longer, so that the last one begins within it. */
const PAGE_BYTES_MAX = 65_307;

/** Undefined: it is none of these, or does not say. */
export function toldSeconds(recording: Buffer): number | undefined {
  return readFlac(recording) ?? readOpus(recording) ?? matroskaSeconds(recording);
}

/** The first block of a FLAC: 20 bits of samples a second, 8 of shape, and 36 of samples. */
function readFlac(recording: Buffer): number | undefined {
  const isFlac =
    recording.length >= FLAC_HEAD_BYTES && recording.toString('latin1', 0, 4) === 'fLaC';
  if (!isFlac || ((recording[4] ?? 0) & 0x7f) !== 0) return undefined;
  const bits = recording.readBigUInt64BE(18);
  const rate = Number(bits >> 44n);
  const samples = Number(bits & 0xfffffffffn);
  return rate === 0 || samples === 0 ? undefined : Math.ceil(samples / rate);
}

/** The last page of an Ogg of Opus says how many samples there were up to it; those have one rate. */
function readOpus(recording: Buffer): number | undefined {
  if (recording.indexOf('OpusHead') !== PAGE_HEAD_BYTES + 1) return undefined;
  const at = recording.lastIndexOf(PAGE);
  const isHeld =
    at >= recording.length - PAGE_BYTES_MAX && at + PAGE_HEAD_BYTES <= recording.length;
  if (at === -1 || !isHeld) return undefined;
  const samples = recording.readBigInt64LE(at + 6);
  return samples <= 0n ? undefined : Math.ceil(Number(samples) / OPUS_RATE);
}

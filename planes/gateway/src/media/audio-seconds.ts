/**
 * How long a recording may be, told by its bytes alone (M1): nothing of it is decoded.
 *
 * - At most: at the lowest bit rate that its coding is used with. Speech in Opus goes down to 6 kbit/s; a WAV of
 *   plain samples at what its head says, for that is how it is played, and at least at 8,000 samples a second of
 *   one byte each.
 * - A FLAC, an Ogg of Opus, a WebM and a Matroska are also as long as they say: silence has next to no bytes in them.
 * - Probably, for an estimate: as the head says, all else at 64 kbit/s.
 */
import { toldSeconds } from './told-seconds.ts';

const CODED_BYTES_PER_SECOND_MIN = 750;
const PLAIN_BYTES_PER_SECOND_MIN = 8_000;
const CODED_BYTES_PER_SECOND = 8_000;
/** No recording is longer than thirty years, whatever it says: what is reserved for it stays a number. */
const SECONDS_MAX = 1e9;

/** The second says further below that it is the first. */
const PLAIN: readonly number[] = [1, 0xfffe];
const CHUNKS_AT = 12;
const FORMAT_BYTES_MIN = 16;
// What stands before it are names and dates.
const CHUNKS_MAX = 64;

export interface AudioSeconds {
  readonly most: number;
  readonly likely: number;
}

export function boundSeconds(recording: Buffer): AudioSeconds {
  const plain = readPlainRate(recording);
  const { length } = recording;
  const at = (bytesPerSecond: number): number => Math.ceil(length / bytesPerSecond);
  if (plain === undefined) {
    const told = toldSeconds(recording);
    const most = at(CODED_BYTES_PER_SECOND_MIN);
    if (told === undefined) return { most, likely: at(CODED_BYTES_PER_SECOND) };
    const likely = Math.min(SECONDS_MAX, told);
    // One that says less than its bytes may hold is not believed.
    return { most: Math.max(most, likely), likely };
  }
  const most = at(Math.min(PLAIN_BYTES_PER_SECOND_MIN, plain.samples, plain.bytes));
  return { most, likely: Math.min(most, at(plain.bytes)) };
}

/** Of a WAV of plain samples, how much a second is, as its head says. A sample has at least one byte. */
function readPlainRate(
  recording: Buffer,
): { readonly samples: number; readonly bytes: number } | undefined {
  const at = findFormat(recording);
  if (at === undefined || !PLAIN.includes(recording.readUInt16LE(at))) return undefined;
  return {
    samples: recording.readUInt32LE(at + 4) || PLAIN_BYTES_PER_SECOND_MIN,
    bytes: recording.readUInt32LE(at + 8) || PLAIN_BYTES_PER_SECOND_MIN,
  };
}

function findFormat(recording: Buffer): number | undefined {
  const is = (at: number, text: string): boolean =>
    recording.toString('latin1', at, at + text.length) === text;
  if (!is(0, 'RIFF') || !is(8, 'WAVE')) return undefined;
  let at = CHUNKS_AT;
  for (let n = 0; n < CHUNKS_MAX && at + 8 + FORMAT_BYTES_MIN <= recording.length; n++) {
    if (is(at, 'fmt ')) return at + 8;
    const bytes = recording.readUInt32LE(at + 4);
    at += 8 + bytes + (bytes % 2);
  }
  return undefined;
}

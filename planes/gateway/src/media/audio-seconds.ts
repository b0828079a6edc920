/**
 * How long a recording may be, told by its bytes alone (M1): nothing of it is decoded.
 *
 * - At most: at the lowest bit rate that its coding is used with. Speech in Opus goes down to 6 kbit/s; a WAV of
 *   plain samples has at least one byte for each of 8,000 samples a second, whatever its head says.
 * - Probably, for an estimate: plain samples as the head says, all else at 64 kbit/s.
 */
const CODED_BYTES_PER_SECOND_MIN = 750;
const PLAIN_BYTES_PER_SECOND_MIN = 8_000;
const CODED_BYTES_PER_SECOND = 8_000;

const PLAIN = 1;
const HEAD_BYTES = 36;

export interface AudioSeconds {
  readonly most: number;
  readonly likely: number;
}

export function boundSeconds(recording: Buffer): AudioSeconds {
  const rate = readPlainRate(recording);
  const { length } = recording;
  const at = (bytesPerSecond: number): number => Math.ceil(length / bytesPerSecond);
  if (rate === undefined) {
    return { most: at(CODED_BYTES_PER_SECOND_MIN), likely: at(CODED_BYTES_PER_SECOND) };
  }
  const most = at(PLAIN_BYTES_PER_SECOND_MIN);
  return { most, likely: Math.min(most, at(Math.max(1, rate))) };
}

/** Bytes a second of a WAV of plain samples, as its head says. */
function readPlainRate(recording: Buffer): number | undefined {
  if (recording.length < HEAD_BYTES) return undefined;
  const is = (at: number, text: string): boolean =>
    recording.toString('latin1', at, at + text.length) === text;
  if (!is(0, 'RIFF') || !is(8, 'WAVE') || !is(12, 'fmt ')) return undefined;
  return recording.readUInt16LE(20) === PLAIN ? recording.readUInt32LE(28) : undefined;
}

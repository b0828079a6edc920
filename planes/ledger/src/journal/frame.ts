/**
 * How records lie in a part of a journal: frames one after the other, each written and made durable by
 * one write. A frame that is torn, or left over from an earlier use of the part, ends it: nothing behind
 * it was ever acknowledged.
 */
import { crc32 } from 'node:zlib';

const MAGIC = 0x53_47_4a_31;
const CRC_AT = 4;
const CHECKED_FROM = 8;
const GENERATION_AT = 12;
const PAYLOAD_AT = 16;

/** A frame of so many bytes of records. */
export const frameBytes = (payloadBytes: number): number => PAYLOAD_AT + payloadBytes;

/** The lines must not hold line feeds, which JSON never does. */
export function frameOf(text: string, textBytes: number, generation: number): Buffer {
  const frame = Buffer.allocUnsafe(frameBytes(textBytes));
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt32LE(textBytes, CHECKED_FROM);
  frame.writeUInt32LE(generation, GENERATION_AT);
  frame.write(text, PAYLOAD_AT, 'utf8');
  frame.writeUInt32LE(crc32(frame.subarray(CHECKED_FROM)), CRC_AT);
  return frame;
}

/** The lines of a part, as far as they are whole and of one use of it. */
export function readFrames(part: Buffer): string[] {
  const lines: string[] = [];
  let at = 0;
  let generation: number | null = null;
  while (at + PAYLOAD_AT <= part.length && part.readUInt32LE(at) === MAGIC) {
    const bytes = part.readUInt32LE(at + CHECKED_FROM);
    const end = at + frameBytes(bytes);
    if (end > part.length) break;
    if (crc32(part.subarray(at + CHECKED_FROM, end)) !== part.readUInt32LE(at + CRC_AT)) break;
    const own = part.readUInt32LE(at + GENERATION_AT);
    if (generation !== null && own !== generation) break;
    generation = own;
    lines.push(...part.toString('utf8', at + PAYLOAD_AT, end).split('\n'));
    at = end;
  }
  return lines;
}

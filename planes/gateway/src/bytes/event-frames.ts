/**
 * Amazon's event stream: frames of a length, headers and a payload, each checked twice by CRC32. They are
 * read as they arrive and go on as server-sent events, which everything behind knows: an event of the
 * name `x` with the payload `{…}` becomes `data: {"x":{…}}`, an exception `data: {"exception":{…}}`.
 *
 * What is kept is at most one frame. A frame that is not what it says it is ends the stream: what follows
 * cannot be found any more. What came before it counts, usage above all.
 */
import { crc32 } from 'node:zlib';

import { isObject } from '@sagewai/translate';

import { parseData } from './stream-reading.ts';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const FRAME_BYTES_MIN = PRELUDE_BYTES + CRC_BYTES;
// The format's own limits: 16 MiB of payload, 128 KiB of headers.
const FRAME_BYTES_MAX = 16 * 1024 * 1024 + 128 * 1024 + FRAME_BYTES_MIN;
/** By the type of a header's value: how long it is. Those of text and bytes say so themselves. */
const VALUE_BYTES: readonly (number | 'counted')[] = [
  0,
  0,
  1,
  2,
  4,
  8,
  'counted',
  'counted',
  8,
  16,
];
const TEXT = 7;

export class FrameError extends Error {}

export class EventFrames {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #needed = PRELUDE_BYTES;
  #broken: FrameError | undefined;

  /** Why nothing more can be read. */
  get broken(): FrameError | undefined {
    return this.#broken;
  }

  /** Whether a frame has begun that has not ended. */
  get isMidway(): boolean {
    return this.#bytes > 0;
  }

  /** The events that are complete with it, up to where it is broken. */
  push(chunk: Buffer): Buffer {
    if (this.#broken !== undefined) return Buffer.alloc(0);
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return Buffer.alloc(0);
    let rest = Buffer.concat(this.#pieces);
    let text = '';
    try {
      for (;;) {
        this.#needed = rest.length < PRELUDE_BYTES ? PRELUDE_BYTES : lengthOf(rest);
        if (rest.length < this.#needed) break;
        text += eventIn(rest.subarray(0, this.#needed));
        rest = rest.subarray(this.#needed);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#broken = error;
    }
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return Buffer.from(text);
  }
}

function lengthOf(frame: Buffer): number {
  if (crc32(frame.subarray(0, 8)) !== frame.readUInt32BE(8))
    throw new FrameError('a broken prelude');
  const total = frame.readUInt32BE(0);
  const headers = frame.readUInt32BE(4);
  if (total < FRAME_BYTES_MIN + headers || total > FRAME_BYTES_MAX)
    throw new FrameError('a frame of an impossible length');
  return total;
}

function eventIn(frame: Buffer): string {
  const crcAt = frame.length - CRC_BYTES;
  if (crc32(frame.subarray(0, crcAt)) !== frame.readUInt32BE(crcAt))
    throw new FrameError('a broken frame');
  const payloadAt = PRELUDE_BYTES + frame.readUInt32BE(4);
  const headers = headersIn(frame.subarray(PRELUDE_BYTES, payloadAt));
  const payload = frame.toString('utf8', payloadAt, crcAt);
  const type = headers.get(':message-type') ?? 'event';
  const body = parseData(payload);
  if (type === 'event') {
    const name = headers.get(':event-type') ?? '';
    if (name === '' || !isObject(body)) return '';
    return `data: ${JSON.stringify({ [name]: body })}\n\n`;
  }
  const told = isObject(body) ? body : {};
  const named = headers.get(':exception-type') ?? headers.get(':error-code') ?? 'exception';
  const message = told['message'] ?? told['Message'] ?? headers.get(':error-message') ?? '';
  return `data: ${JSON.stringify({ exception: { ...told, __type: named, message } })}\n\n`;
}

function headersIn(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const take = (count: number): number => {
    const from = at;
    at += count;
    if (at > bytes.length) throw new FrameError('headers that do not end');
    return from;
  };
  while (at < bytes.length) {
    const nameBytes = bytes.readUInt8(take(1));
    const nameAt = take(nameBytes);
    const type = bytes.readUInt8(take(1));
    const size = VALUE_BYTES[type];
    if (size === undefined) throw new FrameError('a header of an unknown type');
    const valueBytes = size === 'counted' ? bytes.readUInt16BE(take(2)) : size;
    const valueAt = take(valueBytes);
    if (type !== TEXT) continue;
    const name = bytes.toString('utf8', nameAt, nameAt + nameBytes);
    headers.set(name, bytes.toString('utf8', valueAt, valueAt + valueBytes));
  }
  return headers;
}

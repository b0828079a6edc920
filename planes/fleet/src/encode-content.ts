import { Fault } from '@sagewai/fault';

/**
 * What a run is given, and what comes out of it. A poll answers with hundreds of payloads at once and
 * a list with hundreds of outputs, so each must be small enough that all of them still are one answer.
 * Larger things belong into a store of their own, and their address into the run.
 */
export const CONTENT_BYTES_MAX = 1_048_576;

/** As JSON. Throws `request.too_large`. */
export function encodeContent(
  value: unknown,
  what: 'payload' | 'output' | 'event' | 'value',
  bytesMax = CONTENT_BYTES_MAX,
): string {
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return text;
  throw new Fault('request.too_large', `a run's ${what} has ${bytes} bytes`, {
    detail: `The ${what} of a run may have ${bytesMax} bytes; this one has ${bytes}.`,
  });
}

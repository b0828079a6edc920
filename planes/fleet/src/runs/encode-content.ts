import { Fault } from '@sagewai/fault';

/** What a schedule keeps of a submission stands in a row, so it is bounded for itself. */
export const SCHEDULED_BYTES_MAX = 1_048_576;

/** As JSON. Throws `request.too_large`. */
export function encodeContent(
  value: unknown,
  what: 'payload' | 'output' | 'event' | 'value',
  bytesMax: number,
): string {
  const text = JSON.stringify(value);
  demandSize(Buffer.byteLength(text), what, bytesMax);
  return text;
}

/** Throws `request.too_large`. */
export function demandSize(bytes: number, what: string, bytesMax: number): void {
  if (bytes <= bytesMax) return;
  throw new Fault('request.too_large', `a run's ${what} has ${bytes} bytes`, {
    detail: `The ${what} of a run may have ${bytesMax} bytes; this one has ${bytes}.`,
  });
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CHUNKS_END = Buffer.from('\r\n0\r\n\r\n');
const FIRST_BYTES = 16 * 1024;

export interface AnswerReader {
  /** The bytes of the whole answer when these were its last; they hold until the next is taken. */
  take(segment: Buffer, length: number): Buffer | null;
}

/**
 * Gathers one answer at a time of a keep-alive connection, whose next request waits for it: what ends with the
 * last chunk, or has as many bytes as its head says, is whole. It does not look between: on two cores what the
 * generator spends on a piece is missing to the gateway under test. Its reader checks what it got.
 */
export function createAnswerReader(): AnswerReader {
  let bytes = Buffer.allocUnsafe(FIRST_BYTES);
  let filled = 0;
  /** Undefined until the head is there; null: in chunks. */
  let total: number | null | undefined;

  return {
    take(segment, length) {
      if (filled + length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, filled + length));
        bytes.copy(larger, 0, 0, filled);
        bytes = larger;
      }
      segment.copy(bytes, filled, 0, length);
      filled += length;
      if (total === undefined) total = totalOf(bytes.subarray(0, filled));
      if (total === undefined) return null;
      const isWhole =
        total === null
          ? CHUNKS_END.compare(bytes, filled - CHUNKS_END.length, filled) === 0
          : filled >= total;
      if (!isWhole) return null;
      const whole = bytes.subarray(0, filled);
      filled = 0;
      total = undefined;
      return whole;
    },
  };
}

function totalOf(bytes: Buffer): number | null | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd + 2);
  const [, length] = /\r\ncontent-length: *(\d+)\r\n/i.exec(head) ?? [];
  if (length !== undefined) return headEnd + HEAD_END.length + Number(length);
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) return null;
  throw new Error(`an answer without a length: ${head.slice(0, 80)}`);
}

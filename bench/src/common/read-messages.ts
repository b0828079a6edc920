/** One HTTP/1.1 message, its body put together again. */
export interface Message {
  /** `POST /v1/… HTTP/1.1` of a request, `HTTP/1.1 200 OK` of an answer. */
  readonly startLine: string;
  readonly body: Buffer;
}

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'last-line';

const HEAD_END = '\r\n\r\n';
const LINE_END = '\r\n';
const CR = 0x0d;

/**
 * Reads the messages of one keep-alive connection (RFC 9112): by `content-length` or in chunks,
 * wherever the segments were cut. Trailers and bodies that end with their connection are spoken by
 * nobody here; the latter throw.
 *
 * A general client or server costs three times the CPU, which on two cores would be missing to the
 * gateway under test.
 */
export function createMessageReader(
  onMessage: (message: Message) => void,
): (segment: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0);
  /** Of `pending`, up to here everything has been taken. */
  let at = 0;
  let startLine = '';
  /** Bytes still to come: of the body, or of the present chunk. */
  let missing = 0;
  let parts: Buffer[] = [];
  let state: State = 'head';

  /** Takes one step; false when more bytes are needed first. */
  const steps = {
    head: () => {
      const end = pending.indexOf(HEAD_END, at, 'latin1');
      if (end < 0) return false;
      const head = pending.toString('latin1', at, end);
      at = end + HEAD_END.length;
      startLine = head.slice(0, head.indexOf(LINE_END));
      const length = lengthIn(head);
      missing = length === 'chunked' ? 0 : length;
      state = length === 'chunked' ? 'chunk-size' : 'body';
      return true;
    },
    body: () => {
      if (pending.length - at < missing) return false;
      take();
      finish();
      return true;
    },
    'chunk-size': () => {
      const end = pending.indexOf(CR, at);
      if (end < 0 || end + 1 === pending.length) return false;
      missing = Number.parseInt(pending.toString('latin1', at, end), 16);
      if (Number.isNaN(missing)) throw new Error('a chunk without a size');
      at = end + LINE_END.length;
      state = missing === 0 ? 'last-line' : 'chunk';
      return true;
    },
    chunk: () => {
      if (pending.length - at < missing + LINE_END.length) return false;
      take();
      at += LINE_END.length;
      state = 'chunk-size';
      return true;
    },
    'last-line': () => {
      if (pending.length - at < LINE_END.length) return false;
      at += LINE_END.length;
      finish();
      return true;
    },
  } satisfies Record<State, () => boolean>;

  function take(): void {
    parts.push(pending.subarray(at, at + missing));
    at += missing;
  }

  function finish(): void {
    const body = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts = [];
    state = 'head';
    onMessage({ startLine, body });
  }

  return (segment) => {
    pending = at === pending.length ? segment : Buffer.concat([pending.subarray(at), segment]);
    at = 0;
    while (steps[state]());
  };
}

function lengthIn(head: string): number | 'chunked' {
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length !== undefined) return Number(length);
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return 'chunked';
  if (head.startsWith('GET ')) return 0;
  throw new Error(`a message without a length: ${head.slice(0, 80)}`);
}

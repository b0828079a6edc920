import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What all captures of a process may hold together (I4). */
export interface Room {
  free: number;
}

/** Stands between what is answered and the client, changes nothing, and keeps a copy as far as there is room. */
export class Capture {
  readonly #room: Room;
  readonly #bytesMax: number;
  #held = 0;
  #pieces: Buffer[] = [];
  #answerHeld = 0;
  callId: string | undefined;
  contentType: unknown;
  request: Buffer | undefined;
  requestType: string | undefined;
  answerBytes = 0;
  isCut = false;

  constructor(reply: ServerResponse, bytesMax: number, room: Room) {
    this.#room = room;
    this.#bytesMax = bytesMax;
    const writeHead = reply.writeHead.bind(reply) as Own['writeHead'];
    const write = reply.write.bind(reply) as Own['write'];
    const end = reply.end.bind(reply) as Own['end'];
    const own: Own = {
      writeHead: (status, headers = {}) => {
        const id = headers[CALL_ID];
        if (typeof id === 'string') this.callId = id;
        this.contentType = headers['content-type'];
        return writeHead(status, headers);
      },
      write: (chunk, ...more) => {
        this.#answer(chunk);
        return write(chunk, ...more);
      },
      end: (chunk, ...more) => {
        if (chunk !== undefined && typeof chunk !== 'function') this.#answer(chunk);
        return end(chunk, ...more);
      },
    };
    Object.assign(reply, own);
  }

  noteRequest(raw: Buffer, type: string | undefined): void {
    this.request = raw;
    this.requestType = type;
  }

  get keptRequest(): Buffer {
    const { request = NOTHING } = this;
    const kept = request.subarray(0, this.#bytesMax);
    if (kept.length < request.length) this.isCut = true;
    return kept;
  }

  get keptAnswer(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  letGo(): void {
    this.#room.free += this.#held;
    this.#held = 0;
    this.#pieces = [];
  }

  #answer(chunk: Chunk): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    this.answerBytes += bytes.length;
    const most = Math.min(this.#bytesMax - this.#answerHeld, this.#room.free);
    const kept = bytes.subarray(0, Math.max(0, most));
    if (kept.length < bytes.length) this.isCut = true;
    this.#room.free -= kept.length;
    this.#held += kept.length;
    this.#answerHeld += kept.length;
    if (kept.length > 0) this.#pieces.push(kept);
  }
}

const CALL_ID = 'x-litellm-call-id';
const NOTHING = Buffer.alloc(0);

type Chunk = Uint8Array | string;

/** As they are used here. */
interface Own {
  writeHead(status: number, headers?: OutgoingHttpHeaders): ServerResponse;
  write(chunk: Chunk, ...more: readonly unknown[]): boolean;
  end(chunk?: Chunk | (() => void), ...more: readonly unknown[]): ServerResponse;
}

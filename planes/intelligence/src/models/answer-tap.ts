/**
 * Stands between the answer of a chat completion and its client: the answer is changed on its way, and its text is
 * heard. Its last bytes are kept back until whoever listens is done (C3). Refusals pass as they are, and are not heard
 * (C2).
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { type Changes, readChunk, readWhole } from './read-answer.ts';

export interface AnswerTapOptions {
  readonly reply: ServerResponse;
  readonly changes: Changes;
  /** What a stream tells before its first piece. */
  readonly before: readonly object[];
  readonly bytesMax: number;
  /** Not of an answer that broke off. Must not reject. */
  readonly heard: (answer: string) => Promise<void>;
}

type Mode = 'unsaid' | 'passes' | 'whole' | 'stream';

interface Own {
  writeHead(status: number, headers: OutgoingHttpHeaders): ServerResponse;
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): ServerResponse;
  flushHeaders(): void;
}

const FRAME_END = '\n\n';
const FRAME_ENDS = /\r\n\r\n|\n\n/;

export class AnswerTap {
  readonly #of: AnswerTapOptions;
  readonly #own: Own;
  readonly #utf8 = new TextDecoder();
  #mode: Mode = 'unsaid';
  #head: { readonly status: number; readonly headers: OutgoingHttpHeaders } | undefined;
  #pieces: Buffer[] = [];
  #open = '';
  #answer = '';
  #isWhole = false;
  #isTold = false;
  #end: Promise<void> | undefined;

  constructor(of: AnswerTapOptions) {
    this.#of = of;
    const { reply } = of;
    this.#own = {
      writeHead: reply.writeHead.bind(reply),
      write: reply.write.bind(reply),
      end: reply.end.bind(reply),
      flushHeaders: reply.flushHeaders.bind(reply),
    } as Own;
    Object.assign(reply, {
      writeHead: (status: number, headers: OutgoingHttpHeaders = {}) =>
        this.#begin(status, headers),
      write: (chunk: Uint8Array | string) => this.#write(chunk),
      end: (chunk?: unknown) => this.#finish(chunk),
      flushHeaders: () => {
        if (this.#mode !== 'whole' && this.#mode !== 'unsaid') this.#own.flushHeaders();
      },
    });
  }

  /** From now on what is thrown becomes the answer. */
  letGo(): void {
    if (this.#end === undefined) Object.assign(this.#of.reply, this.#own);
  }

  /** When the dialog is stored and everything is told. */
  async done(): Promise<void> {
    await this.#end;
  }

  #begin(status: number, headers: OutgoingHttpHeaders): ServerResponse {
    const { reply, before } = this.#of;
    const isStream = /^text\/event-stream/i.test(String(headers['content-type'] ?? ''));
    this.#mode = status !== 200 ? 'passes' : isStream ? 'stream' : 'whole';
    if (this.#mode === 'whole') {
      this.#head = { status, headers };
      return reply;
    }
    this.#own.writeHead(status, headers);
    if (isStream && before.length > 0) this.#own.write(before.map(toFrame).join(''));
    return reply;
  }

  #write(chunk: Uint8Array | string): boolean {
    const bytes = Buffer.from(chunk as Uint8Array);
    if (this.#mode === 'stream') {
      const told = this.#push(this.#utf8.decode(bytes, { stream: true }));
      return told === '' || this.#own.write(told);
    }
    if (this.#mode !== 'whole') return this.#own.write(bytes);
    this.#pieces.push(bytes);
    return true;
  }

  #finish(chunk: unknown): ServerResponse {
    const { reply } = this.#of;
    const last = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : undefined;
    if (this.#mode === 'whole' || this.#mode === 'stream') {
      this.#end ??= this.#mode === 'whole' ? this.#endWhole(last) : this.#endStream(last);
    } else this.#own.end(last);
    return reply;
  }

  async #endWhole(last: Uint8Array | string | undefined): Promise<void> {
    const { changes, reply, heard } = this.#of;
    if (last !== undefined) this.#write(last);
    const body = Buffer.concat(this.#pieces);
    const read = readWhole(body.toString(), changes);
    const told = read === null ? body : Buffer.from(read.told);
    if (read !== null && read.text !== '') await heard(read.text);
    const { status, headers } = this.#head ?? { status: 200, headers: {} };
    if (reply.destroyed) return;
    this.#own.writeHead(status, { ...headers, 'content-length': told.length });
    this.#own.end(told);
  }

  async #endStream(last: Uint8Array | string | undefined): Promise<void> {
    const bytes = Buffer.from((last ?? '') as Uint8Array);
    let told = this.#push(this.#utf8.decode(bytes));
    told += this.#open;
    if (this.#isWhole && this.#isTold && !this.#of.reply.destroyed) {
      await this.#of.heard(this.#answer);
    }
    if (!this.#of.reply.destroyed) this.#own.end(told === '' ? undefined : told);
  }

  /** The frames that are complete, renamed. The one that ends the stream waits for its end. */
  #push(text: string): string {
    const frames = (this.#open + text).split(FRAME_ENDS);
    this.#open = frames.pop() ?? '';
    let told = '';
    for (const [at, frame] of frames.entries()) {
      const read = readChunk(frame, this.#of.changes);
      if (read.isEnd) {
        this.#isWhole = true;
        this.#open = frames.slice(at).concat(this.#open).join(FRAME_END);
        return told;
      }
      this.#hear(read.text);
      told += read.told + FRAME_END;
    }
    return told;
  }

  #hear(text: string): void {
    const { bytesMax } = this.#of;
    // One that is longer than answers are is not half remembered, and not held.
    if (this.#answer.length <= bytesMax) this.#answer += text;
    this.#isTold = this.#answer !== '' && this.#answer.length <= bytesMax;
  }
}

const toFrame = (event: object): string => `data: ${JSON.stringify(event)}${FRAME_END}`;

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

import type { Format } from '../formats/format.ts';
import { checkBody, isMedia } from './check-body.ts';
import { type Checking, checkTexts } from './check-texts.ts';
import { StreamGuard } from './stream-guard.ts';
import { streamTextsOf } from './stream-texts.ts';
import { readWholeStream } from './stream-whole.ts';
import { type Deed, isBlocked, lookAtOpaque } from './verdict.ts';

export interface GuardReplyOptions {
  readonly reply: ServerResponse;
  /** The client's; undefined: it is not known here. */
  readonly format: Format | undefined;
  readonly checking: Checking;
  readonly bytesMax: number;
}

type Mode = 'unsaid' | 'passes' | 'whole' | 'whole stream' | 'stream';

const STREAM = /^(?:text\/event-stream|application\/(?:x-)?ndjson)/i;

/**
 * Stands between what is answered and the client. A whole answer is kept until it has been looked at; a
 * stream is held back as far as its texts have to be. Refusals of providers are no words of a model, and
 * pass as they are.
 */
export class GuardReply {
  readonly #of: GuardReplyOptions;
  readonly #own: Own;
  #mode: Mode = 'unsaid';
  #head: { readonly status: number; readonly headers: OutgoingHttpHeaders } | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isEnded = false;
  #isEvents = true;
  #stream: StreamGuard | undefined;

  constructor(of: GuardReplyOptions) {
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
      write: (chunk: Buffer | string) => this.#write(chunk),
      end: (chunk?: Buffer | string) => this.#end(chunk),
      flushHeaders: () => {
        if (this.#mode === 'passes' || this.#mode === 'stream') this.#own.flushHeaders();
      },
    });
  }

  /** From now on nothing is looked at: what is thrown becomes the answer. */
  letGo(): void {
    Object.assign(this.#of.reply, this.#own);
  }

  /** What was kept back goes out, or is a Fault. Resolves with what was done. */
  async finish(): Promise<readonly Deed[]> {
    this.letGo();
    if (this.#stream !== undefined && this.#mode === 'stream') return this.#stream.deeds;
    // What passes has gone out already.
    if (this.#mode === 'passes' || this.#head === undefined || !this.#isEnded) return [];
    const body = Buffer.concat(this.#pieces);
    const { deeds, blocked, told } =
      this.#mode === 'whole' ? await this.#wholeBody(body) : await this.#wholeStream(body);
    if (blocked !== undefined) throw new BlockedAfter(blocked, deeds, this.#head.headers);
    const { reply } = this.#of;
    if (reply.destroyed) return deeds;
    const headers = { ...this.#head.headers };
    if (this.#mode === 'whole') headers['content-length'] = told.length;
    reply.writeHead(this.#head.status, headers);
    reply.end(told);
    return deeds;
  }

  async #wholeBody(body: Buffer): Promise<Told> {
    const { checking, bytesMax } = this.#of;
    const headers = this.#head?.headers ?? {};
    const isCoded = (headers['content-encoding'] ?? 'identity') !== 'identity';
    const unread = isCoded || this.#bytes > bytesMax ? this.#cannotRead() : undefined;
    if (unread !== undefined) return { deeds: [unread], blocked: unread, told: body };
    const type = String(headers['content-type'] ?? 'application/json');
    const checked = await checkBody(body, type, checking);
    return { ...checked, told: checked.body };
  }

  async #wholeStream(body: Buffer): Promise<Told> {
    const { checking, format } = this.#of;
    const guard = this.#guard();
    const passed = Buffer.concat([guard.push(body), guard.end()]);
    const { deeds, blocked } = guard;
    if (blocked !== undefined) return { deeds, blocked, told: passed };
    const whole = readWholeStream(passed, streamTextsOf(format?.name), this.#isEvents);
    const guardrails = checking.guardrails.filter(({ hook }) => hook !== null);
    const asked = await checkTexts(whole.texts, { ...checking, guardrails });
    return {
      deeds: [...deeds, ...asked.deeds],
      blocked: asked.blocked,
      told: asked.texts === whole.texts ? passed : whole.told(asked.texts),
    };
  }

  #begin(status: number, headers: OutgoingHttpHeaders): ServerResponse {
    const { reply, checking } = this.#of;
    this.#head = { status, headers };
    const type = String(headers['content-type'] ?? '');
    const asksOthers = checking.guardrails.some(({ hook }) => hook !== null);
    this.#isEvents = /^text\/event-stream/i.test(type);
    this.#mode =
      status >= 300 || this.#isFree(type)
        ? 'passes'
        : !STREAM.test(type)
          ? 'whole'
          : asksOthers
            ? 'whole stream'
            : 'stream';
    if (this.#mode === 'stream') this.#stream = this.#guard();
    if (this.#mode === 'passes' || this.#mode === 'stream') {
      this.#own.writeHead(status, headers);
    }
    return reply;
  }

  /** Sound and pictures, where they may pass unread: they are not kept. */
  #isFree(type: string): boolean {
    return (
      isMedia(type) && lookAtOpaque(['body'], this.#of.checking.guardrails, 'post') === undefined
    );
  }

  #guard(): StreamGuard {
    const { checking, format, bytesMax } = this.#of;
    return new StreamGuard({
      guardrails: checking.guardrails,
      texts: streamTextsOf(format?.name),
      isEvents: this.#isEvents,
      bytesMax,
    });
  }

  #write(chunk: Buffer | string): boolean {
    if (this.#stream !== undefined && this.#mode === 'stream') {
      const out = this.#stream.push(bytesOf(chunk));
      if (this.#stream.blocked !== undefined) return this.#stop(this.#stream.blocked);
      return out.length === 0 || this.#own.write(out);
    }
    if (this.#mode === 'passes') return this.#own.write(chunk);
    this.#keep(chunk);
    return true;
  }

  #end(chunk?: Buffer | string): ServerResponse {
    const { reply } = this.#of;
    if (this.#isEnded) return reply;
    if (this.#stream !== undefined && this.#mode === 'stream') {
      const out = Buffer.concat([
        this.#stream.push(bytesOf(chunk ?? '')),
        this.#stream.blocked === undefined ? this.#stream.end() : Buffer.alloc(0),
      ]);
      if (this.#stream.blocked !== undefined) {
        this.#stop(this.#stream.blocked);
        return reply;
      }
      this.#isEnded = true;
      this.#own.end(out);
      return reply;
    }
    this.#isEnded = true;
    if (this.#mode === 'passes' || this.#mode === 'unsaid') {
      this.#own.end(chunk ?? '');
      return reply;
    }
    if (chunk !== undefined) this.#keep(chunk);
    return reply;
  }

  /** The last event is the refusal; what the provider still says is for nobody. */
  #stop(deed: Deed): boolean {
    if (this.#isEnded) return true;
    this.#isEnded = true;
    const { format } = this.#of;
    const { code, detail: message } = isBlocked(deed, this.#head?.headers);
    const failure = { status: 400, code, message };
    const told =
      format?.frame(format.errorBody(failure)) ??
      `data: ${JSON.stringify({ error: { message, type: 'invalid_request_error', code } })}\n\n`;
    this.#own.end(told);
    return true;
  }

  #keep(chunk: Buffer | string): void {
    const bytes = bytesOf(chunk);
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#of.bytesMax) this.#pieces.push(bytes);
  }

  #cannotRead(): Deed | undefined {
    const [guardrail] = this.#of.checking.guardrails;
    return guardrail && { guardrail, phase: 'post', did: 'blocked', what: 'UNINSPECTABLE:body' };
  }
}

/** As they are used here. */
interface Own {
  readonly writeHead: (status: number, headers: OutgoingHttpHeaders) => ServerResponse;
  readonly write: (chunk: Buffer | string) => boolean;
  readonly end: (chunk: Buffer | string) => ServerResponse;
  readonly flushHeaders: () => void;
}

interface Told {
  readonly deeds: readonly Deed[];
  readonly blocked: Deed | undefined;
  readonly told: Buffer;
}

/** A whole answer that may not pass. */
export class BlockedAfter extends Error {
  readonly deed: Deed;
  readonly deeds: readonly Deed[];
  readonly headers: OutgoingHttpHeaders;

  constructor(deed: Deed, deeds: readonly Deed[], headers: OutgoingHttpHeaders) {
    super('an answer was blocked');
    this.deed = deed;
    this.deeds = deeds;
    this.headers = headers;
  }
}

const bytesOf = (chunk: Buffer | string): Buffer =>
  typeof chunk === 'string' ? Buffer.from(chunk) : chunk;

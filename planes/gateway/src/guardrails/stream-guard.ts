/**
 * A stream on its way to its client, held back as far as its texts have to be (W4). Events leave in their
 * order, with the bytes that they came with where nothing was found in them (W3); what was found over
 * several of them stands in the first, and is missing in the others.
 */
import type { Guardrail } from './guardrail.ts';
import { HoldBack } from './hold-back.ts';
import { redact } from './matches.ts';
import { dataSpan, endOfEvent, isUnreadable, parseEvent } from './stream-events.ts';
import type { StreamTexts } from './stream-texts.ts';
import { findTexts, replaceTexts, type TextPlace } from './text-places.ts';
import { type Deed, look, lookAtOpaque } from './verdict.ts';

const NOTHING = Buffer.alloc(0);

export interface StreamGuardOptions {
  readonly guardrails: readonly Guardrail[];
  readonly texts: StreamTexts;
  /** Server-sent events; else a line is an event. */
  readonly isEvents: boolean;
  readonly bytesMax: number;
}

interface Piece {
  readonly place: TextPlace;
  readonly channel: HoldBack;
  readonly from: number;
  readonly to: number;
}

interface Event {
  /** Of the event's JSON. */
  readonly bytes: Buffer;
  readonly pieces: readonly Piece[];
}

export class StreamGuard {
  blocked: Deed | undefined;
  readonly #options: StreamGuardOptions;
  readonly #channels = new Map<string, HoldBack>();
  #ended: HoldBack[] = [];
  readonly #deeds: Deed[] = [];
  #events: Event[] = [];
  #bytes = 0;
  /** Of an event whose end has not come. */
  #tail: Buffer = NOTHING;

  constructor(options: StreamGuardOptions) {
    this.#options = options;
  }

  /** What was done so far. */
  get deeds(): readonly Deed[] {
    const channels = [...this.#ended, ...this.#channels.values()];
    return [...this.#deeds, ...channels.flatMap(({ deeds }) => deeds)];
  }

  /** Takes what comes, and gives what may go out; nothing once it is blocked. */
  push(chunk: Buffer): Buffer {
    if (this.blocked !== undefined) return NOTHING;
    let rest = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]);
    const { isEvents } = this.#options;
    for (let end = endOfEvent(rest, isEvents); end > 0; end = endOfEvent(rest, isEvents)) {
      this.#take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    this.#tail = rest;
    return this.#release();
  }

  /** Nothing follows. */
  end(): Buffer {
    if (this.blocked !== undefined) return NOTHING;
    if (this.#tail.length > 0) this.#take(this.#tail);
    this.#tail = NOTHING;
    this.#endChannels('');
    return this.#release();
  }

  #take(bytes: Buffer): void {
    const { guardrails, texts } = this.#options;
    const span = dataSpan(bytes, this.#options.isEvents);
    const event = span && parseEvent(bytes.subarray(span.start, span.end));
    if (span === undefined || event === undefined) {
      this.#takeRaw(bytes);
      return;
    }
    const { texts: places, opaque } = findTexts(bytes, span.start, span.end);
    this.#block(lookAtOpaque(opaque, guardrails, 'post'));
    const pieces: Piece[] = [];
    const alone: { place: TextPlace; text: string }[] = [];
    for (const place of places) {
      const name = texts.channelOf(event, place.path);
      if (name !== null && !place.isName) {
        const channel = this.#channelOf(name);
        const from = channel.length;
        channel.push(place.text);
        this.#block(channel.blocked);
        pieces.push({ place, channel, from, to: from + place.text.length });
        continue;
      }
      const looked = look(place.text, guardrails, 'post');
      this.#deeds.push(...looked.deeds);
      this.#block(looked.blocked);
      if (looked.matches.length > 0)
        alone.push({ place, text: redact(place.text, looked.matches) });
    }
    for (const prefix of texts.endedBy(event)) this.#endChannels(prefix);
    if (alone.length > 0 && pieces.length > 0) {
      // Both in one event: what stands alone is put in at once, and the places are found anew.
      const changed = replaceTexts(bytes, alone);
      const shift = (at: number): number =>
        alone.reduce((sum, { place, text }) => {
          if (place.start >= at) return sum;
          return sum + Buffer.byteLength(JSON.stringify(text)) - (place.end - place.start);
        }, at);
      this.#hold({
        bytes: changed,
        pieces: pieces.map((piece) => ({
          ...piece,
          place: { ...piece.place, start: shift(piece.place.start), end: shift(piece.place.end) },
        })),
      });
      return;
    }
    this.#hold({ bytes: replaceTexts(bytes, alone), pieces });
  }

  /**
   * What is no JSON is one text, and stands alone. Data that is neither JSON nor the end cannot be looked
   * into: clients may read something else in it, over several lines or events (W2).
   */
  #takeRaw(bytes: Buffer): void {
    const text = bytes.toString();
    if (isUnreadable(text, this.#options.isEvents)) this.#block(this.#cannotRead());
    const looked = look(text, this.#options.guardrails, 'post');
    this.#deeds.push(...looked.deeds);
    this.#block(looked.blocked);
    if (text.includes('[DONE]')) this.#endChannels('');
    const told = looked.matches.length === 0 ? bytes : Buffer.from(redact(text, looked.matches));
    this.#hold({ bytes: told, pieces: [] });
  }

  #channelOf(name: string): HoldBack {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new HoldBack(this.#options.guardrails);
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #endChannels(prefix: string): void {
    for (const [name, channel] of this.#channels) {
      if (!name.startsWith(prefix)) continue;
      channel.end();
      this.#block(channel.blocked);
      if (channel.deeds.length > 0) this.#ended.push(channel);
      this.#channels.delete(name);
    }
  }

  #hold(event: Event): void {
    this.#events.push(event);
    this.#bytes += event.bytes.length;
    if (this.#bytes > this.#options.bytesMax) this.#block(this.#cannotRead());
  }

  #cannotRead(): Deed | undefined {
    const [guardrail] = this.#options.guardrails;
    return guardrail && { guardrail, phase: 'post', did: 'blocked', what: 'UNINSPECTABLE:stream' };
  }

  #block(deed: Deed | undefined): void {
    if (deed === undefined || this.blocked !== undefined) return;
    this.blocked = deed;
    // What a channel did is told by it.
    if (!this.deeds.includes(deed)) this.#deeds.push(deed);
    this.#events = [];
  }

  #release(): Buffer {
    if (this.blocked !== undefined) return NOTHING;
    const out: Buffer[] = [];
    let count = 0;
    for (const event of this.#events) {
      if (event.pieces.some(({ channel, to }) => channel.decidedTo < to)) break;
      out.push(this.#told(event));
      this.#bytes -= event.bytes.length;
      count++;
    }
    this.#events.splice(0, count);
    return out.length === 1 ? (out[0] ?? NOTHING) : Buffer.concat(out);
  }

  #told({ bytes, pieces }: Event): Buffer {
    const changed = pieces.flatMap(({ place, channel, from, to }) => {
      const text = channel.told(from, to);
      return text === place.text ? [] : [{ place, text }];
    });
    const told = replaceTexts(bytes, changed);
    for (const { channel, to } of pieces) channel.forget(to);
    return told;
  }
}

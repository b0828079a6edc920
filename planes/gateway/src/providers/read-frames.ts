import type { IncomingHttpHeaders } from 'node:http';

import { EventFrames } from '../bytes/event-frames.ts';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from './upstream.ts';

const FRAMES = /^application\/vnd\.amazon\.eventstream\b/;

/** Hands frames of Amazon's on as server-sent events; whatever else comes passes as it is. */
export class FrameReader implements UpstreamListener {
  readonly #listener: UpstreamListener;
  #frames: EventFrames | undefined;
  #isOver = false;
  /** Set as soon as there is one. */
  call: Pick<UpstreamCall, 'abort'> | undefined;

  constructor(listener: UpstreamListener) {
    this.#listener = listener;
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    if (status >= 300 || !FRAMES.test(headers['content-type'] ?? '')) {
      this.#listener.onHead(status, headers);
      return;
    }
    this.#frames = new EventFrames();
    this.#listener.onHead(status, { ...headers, 'content-type': 'text/event-stream' });
  }

  onData(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#frames === undefined) {
      this.#listener.onData(chunk);
      return;
    }
    const events = this.#frames.push(chunk);
    const { broken } = this.#frames;
    if (events.length > 0) this.#listener.onData(events);
    if (broken === undefined) return;
    this.#fail({ kind: 'lost', cause: broken });
    this.call?.abort();
  }

  onEnd(): void {
    if (this.#frames?.isMidway === true)
      this.#fail({ kind: 'lost', cause: new Error('a frame without its end') });
    else if (!this.#isOver) this.#listener.onEnd();
  }

  onFailure(failure: UpstreamFailure): void {
    this.#fail(failure);
  }

  #fail(failure: UpstreamFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onFailure(failure);
  }
}

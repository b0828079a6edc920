import type { IncomingHttpHeaders } from 'node:http';

import type {
  Upstream,
  UpstreamCall,
  UpstreamFailure,
  UpstreamListener,
  UpstreamRequest,
} from '../providers/upstream.ts';

export type Head =
  | { readonly kind: 'head'; readonly status: number; readonly headers: IncomingHttpHeaders }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure };

export type Collected =
  | { readonly kind: 'complete'; readonly body: Buffer }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure };

/** Takes an answer piece by piece; after `onEnd` or `onFailure` nothing follows. */
export type Sink = Pick<UpstreamListener, 'onData' | 'onEnd' | 'onFailure'>;

/** What an attempt may take, and who hears of its end. */
export interface AttemptRules {
  /** To the end of a whole answer, or to the first piece of a stream; null: no limit of its own. */
  readonly limitMs: number | null;
  /** Whether the answer has begun with its first piece, and not with its head. */
  readonly waitsForData: boolean;
  readonly onOver?: (() => void) | undefined;
}

const NO_RULES: AttemptRules = { limitMs: null, waitsForData: false };

/**
 * One try at one deployment. Its head decides what happens to the rest: it is collected, up to a
 * limit, or handed to a sink. What arrives before that decision is kept, because a head and its body
 * are often one packet, and told before any promise has run.
 */
export class Attempt implements UpstreamListener {
  readonly head: Promise<Head>;
  /** When the first piece arrived, of a monotonic clock; 0: none has. */
  firstDataMs = 0;
  readonly #call: UpstreamCall;
  #tellHead: (head: Head) => void = () => {};
  #tellCollected: (collected: Collected) => void = () => {};
  #pieces: Buffer[] = [];
  #bytes = 0;
  #bytesMax: number;
  #end: 'open' | 'ended' | UpstreamFailure = 'open';
  #sink: Sink | undefined;
  readonly #rules: AttemptRules;
  readonly #isStream: boolean;
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;
  /** A head whose first piece is waited for. */
  #held: Head | undefined;

  constructor(
    upstream: Upstream,
    request: UpstreamRequest,
    keptBytesMax: number,
    rules: AttemptRules = NO_RULES,
  ) {
    this.#bytesMax = keptBytesMax;
    this.#rules = rules;
    this.#isStream = request.wantsStream;
    this.head = new Promise((resolve) => {
      this.#tellHead = resolve;
    });
    if (rules.limitMs !== null) this.#timer = setTimeout(this.#tooLate, rules.limitMs);
    this.#call = upstream.send(request, this);
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    const head: Head = { kind: 'head', status, headers };
    if (this.#rules.waitsForData && status < 300) this.#held = head;
    else this.#tellHead(head);
  }

  onData(chunk: Buffer): void {
    if (this.firstDataMs === 0) this.firstDataMs = performance.now();
    if (this.#isStream && this.#timer !== undefined) this.#stopTimer();
    if (this.#held !== undefined) this.#release(this.#held);
    if (this.#sink) {
      this.#sink.onData(chunk);
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#bytesMax) {
      this.#pieces.push(chunk);
      return;
    }
    this.#pieces = [];
    this.#tellCollected({ kind: 'too_large' });
    this.#call.abort();
  }

  onEnd(): void {
    this.#end = 'ended';
    this.#over();
    if (this.#held !== undefined) this.#release(this.#held);
    if (this.#sink) this.#sink.onEnd();
    else this.#tellCollected(this.#collected());
  }

  onFailure(seen: UpstreamFailure): void {
    const failure: UpstreamFailure = this.#isLate ? { kind: 'late', cause: seen.cause } : seen;
    this.#end = failure;
    this.#over();
    this.#tellHead({ kind: 'failed', failure });
    if (this.#sink) this.#sink.onFailure(failure);
    else this.#tellCollected(this.#collected());
  }

  /** The whole answer; beyond the limit it is given up. */
  collect(): Promise<Collected> {
    if (this.#end !== 'open') return Promise.resolve(this.#collected());
    return new Promise((resolve) => {
      this.#tellCollected = resolve;
    });
  }

  /** From now on, and for what has arrived already, the sink is told. */
  handTo(sink: Sink): void {
    this.#sink = sink;
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const piece of pieces) sink.onData(piece);
    if (this.#end === 'ended') sink.onEnd();
    else if (this.#end !== 'open') sink.onFailure(this.#end);
  }

  get isOver(): boolean {
    return this.#end !== 'open';
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  abort(): void {
    this.#call.abort();
  }

  readonly #tooLate = (): void => {
    this.#isLate = true;
    this.#call.abort();
  };

  #release(held: Head): void {
    this.#held = undefined;
    this.#tellHead(held);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #over(): void {
    this.#stopTimer();
    this.#rules.onOver?.();
  }

  #collected(): Collected {
    if (this.#bytes > this.#bytesMax) return { kind: 'too_large' };
    if (this.#end !== 'ended' && this.#end !== 'open')
      return { kind: 'failed', failure: this.#end };
    const [only, ...more] = this.#pieces;
    return {
      kind: 'complete',
      body: only && more.length === 0 ? only : Buffer.concat(this.#pieces),
    };
  }
}

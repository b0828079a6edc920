/** How the scripted upstream answers for one model. */
export interface Behaviour {
  /** Before the first byte. */
  readonly latencyMs: number;
  /** Between two chunks of a stream. */
  readonly chunkMs: number;
  /**
   * What it reports as completion tokens, out of the `max_tokens` it was asked for: all of them, half,
   * or twice as many (an upstream that breaks the cap). Without a cap: 20.
   */
  readonly output: 'max' | 'half' | 'double';
  readonly fault:
    | 'none'
    /** 200 with something that is no JSON, or no event stream. */
    | 'garbage'
    /** 500 in the provider's own words. */
    | 'error'
    /** Closes the connection after two chunks (of a stream), or within the body. */
    | 'dies'
    /** A stream that goes on until its reader leaves. */
    | 'endless'
    /** Answers without saying what was used. */
    | 'no-usage'
    /** Reads the request and never answers. */
    | 'silent';
}

export const GOOD: Behaviour = { latencyMs: 0, chunkMs: 0, output: 'max', fault: 'none' };

/** One call that the upstream has served, with the usage that it reported. */
export interface Served {
  readonly model: string;
  readonly stream: boolean;
  readonly maxTokens: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The whole answer was written, and its reader was still there. */
  readonly complete: boolean;
  readonly fault: Behaviour['fault'];
}

/** To the upstream's process and back. */
export type ToUpstream = {
  readonly kind: 'behave';
  readonly nth: number;
  readonly model: string;
  readonly behaviour: Behaviour;
};
export type FromUpstream =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'behaves'; readonly nth: number }
  | { readonly kind: 'asked'; readonly model: string }
  | { readonly kind: 'served'; readonly served: Served };

import type { IncomingHttpHeaders } from 'node:http';

import type { Format } from '../formats/format.ts';

/** What is sent to a provider. The address and the credential are the upstream's own (M6). */
export interface UpstreamRequest {
  readonly format: Format;
  /** The name that the provider knows it by. */
  readonly model: string;
  readonly body: Buffer;
  /** Something that the provider keeps, below the path of its format; left out: a call. */
  readonly at?: { readonly method: 'GET' | 'POST' | 'DELETE'; readonly below: string };
  readonly wantsStream: boolean;
  /** Of the client's; none of them is a credential (M6). */
  readonly headers: Readonly<Record<string, string>> | null;
  /** With its `?`, or empty. */
  readonly query: string;
}

/**
 * Why there is no complete answer.
 *
 * - `unreachable`: no connection, so nothing was sent and nothing can be charged.
 * - `lost`: the connection broke after something was sent. The provider may charge for it.
 * - `late`: it was silent for longer than the configuration allows. The same holds.
 * - `aborted`: we gave up.
 */
export interface UpstreamFailure {
  readonly kind: 'unreachable' | 'lost' | 'late' | 'aborted';
  readonly cause: unknown;
}

/**
 * Told what happens, in this order: `onHead`, any number of `onData`, then `onEnd` or `onFailure`;
 * or `onFailure` alone.
 */
export interface UpstreamListener {
  onHead(status: number, headers: IncomingHttpHeaders): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onFailure(failure: UpstreamFailure): void;
}

/** A call under way. `pause` stops reading, so that a slow client slows its provider. */
export interface UpstreamCall {
  pause(): void;
  resume(): void;
  /** `onFailure` follows, unless the answer was complete. */
  abort(): void;
}

/** One place that answers model calls: an address with a credential, or the simulated provider. */
export interface Upstream {
  send(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall;
}

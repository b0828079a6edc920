import type { IncomingHttpHeaders } from 'node:http';

import type { Endpoint } from '@sagewai/wire';

/** The part of a request that is known before its body: all that a credential reader may look at. */
export interface RequestHead {
  /** Unique; from `x-request-id` when that is sane. The answer carries it. */
  readonly id: string;
  /** The caller's address; `x-forwarded-for` counts only behind a trusted proxy. */
  readonly ip: string;
  readonly headers: IncomingHttpHeaders;
  /**
   * On a connection that asks for a certificate: the thumbprint of the Ed25519 key that was shown and
   * proved, or null when none was. Undefined on every other connection.
   */
  readonly peerThumbprint: string | null | undefined;
  /** Whether the connection itself is encrypted; false behind a proxy that decrypts. */
  readonly isTls: boolean;
  /** As sent, with the query string. May hold secrets: never log it. */
  readonly url: string;
  readonly endpoint: Endpoint;
  /** Aborts when the caller leaves before its answer is complete. */
  readonly signal: AbortSignal;
  /** Aborts when the process starts to drain: a long poll then answers what it has. */
  readonly draining: AbortSignal;
}

import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the edge knows about a request before it is passed on. */
export interface Passage {
  /** As the gateway is to see it (D4). */
  readonly url: string;
  readonly requestId: string;
  /** Of the client: believed proxies in front are looked through. */
  readonly address: string;
  readonly prefix: string;
  readonly scheme: 'http' | 'https';
  /** Whether what came as `X-Forwarded-*` is believed. */
  readonly isTrusted: boolean;
}

/** What answers below a mount: a gateway in this process, or the way to one elsewhere. */
export interface Target {
  readonly name: string;
  /** Answers, in its own time. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse, passage: Passage): void;
  /** Asks whether it is ready; null: it is, else why not. Never rejects. */
  probe(): Promise<string | null>;
  /** Tells it that no more requests come, and waits for what is under way, at most so long. */
  close(limitMs: number): Promise<void>;
}

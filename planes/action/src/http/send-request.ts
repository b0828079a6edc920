import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';

import { isAllowedHost } from '../is-allowed-host.ts';
import { judgeFailure } from '../judge-failure.ts';
import type { Outcome } from '../outcome.ts';
import type { Manifest } from '../tool.ts';
import { buildRequest } from './build-request.ts';
import { judgeAnswer } from './judge-answer.ts';

export interface Attempt {
  readonly callId: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** A7. */
  readonly credential: string | null;
  readonly signal: AbortSignal;
}

/** One request to where the tool is, and nowhere else. */
export async function sendRequest(
  egress: Pick<PublicEgress, 'send'>,
  manifest: Manifest,
  { callId, args, credential, signal }: Attempt,
): Promise<Outcome> {
  const { http, egress: allowed, resultBytesMax } = manifest;
  if (http === null) throw new Error('a tool without a request');
  const built = buildRequest(http, args);
  if (built.kind === 'refused') {
    const message = `${built.path} ${built.message}`;
    return { kind: 'failed', error: 'refused', message };
  }
  const headers: Record<string, string> = { ...built.headers, 'idempotency-key': callId };
  const { credential: place } = manifest;
  if (credential !== null && place !== null) {
    headers[place.header] = `${place.prefix}${credential}`;
  }
  let isSent = false;
  try {
    demandAllowed(allowed, built.url);
    const { method, url, body } = built;
    const answer = await egress.send(url, {
      method,
      headers,
      body,
      signal,
      bytesMax: resultBytesMax,
      onSent: () => {
        isSent = true;
      },
    });
    return judgeAnswer({
      status: answer.status,
      contentType: first(answer.headers['content-type']) ?? '',
      retryAfter: first(answer.headers['retry-after']),
      body: answer.body,
    });
  } catch (thrown) {
    return judgeFailure(thrown, isSent);
  }
}

/** A5. Asked of the address that is really called, whatever it was made of. */
export function demandAllowed(allowed: readonly string[], url: string): void {
  if (isAllowedHost(allowed, new URL(url))) return;
  throw new Fault('egress.refused', `${new URL(url).host} is not in the tool's allow-list`, {
    detail: 'The tool may not call this host: its allow-list does not have it.',
  });
}

export const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import { isObject, type JsonObject } from '@sagewai/translate';

import { refusesCredential } from '../answers/answer-whole.ts';
import { parseObject } from '../bytes/parse-object.ts';
import { Attempt } from '../calls/attempt.ts';
import { toGarbageFault, toUpstreamFault } from '../calls/upstream-fault.ts';
import type { Format } from '../formats/format.ts';
import { RESPONSES } from '../formats/responses.ts';
import type { Deployment } from '../models/deployment.ts';
import type { Switchboard } from '../switchboard.ts';

/** Where a provider keeps them; one value each, since headers are made once for each. */
export const FILES: Format = { ...RESPONSES, path: '/files' };
export const BATCHES: Format = { ...RESPONSES, path: '/batches' };

const NOTHING = Buffer.alloc(0);
const ANSWER_BYTES_MAX = 1024 * 1024;

export interface Question {
  readonly of: Format;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Of one of them: `/<id>/content`. */
  readonly below: string;
  readonly body?: Buffer;
  readonly contentType?: string;
  /** Of the client's; none of them is a credential (M6). */
  readonly passed?: Readonly<Record<string, string>> | null;
  readonly query?: string;
  /** Of its answer. */
  readonly bytesMax?: number;
  /** Told before it is thrown that nothing was taken: it was not sent, or refused. */
  readonly onNothing?: () => void;
}

export function beginQuestion(
  switchboard: Pick<Switchboard, 'upstreamOf'>,
  deployment: Deployment,
  {
    of,
    method,
    below,
    body = NOTHING,
    contentType = 'application/json',
    passed = null,
    query = '',
    bytesMax = ANSWER_BYTES_MAX,
  }: Question,
): Attempt {
  return new Attempt(
    switchboard.upstreamOf(deployment),
    {
      format: of,
      model: deployment.upstreamModel,
      body,
      at: { method, below },
      wantsStream: false,
      headers: { ...passed, 'content-type': contentType, accept: '*/*' },
      query,
    },
    bytesMax,
  );
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
}

/** What a provider answers to something that costs nothing. Throws where it answers nothing. */
export async function askProvider(
  switchboard: Pick<Switchboard, 'upstreamOf'>,
  deployment: Deployment,
  question: Question,
): Promise<ProviderAnswer> {
  const attempt = beginQuestion(switchboard, deployment, question);
  const head = await attempt.head;
  if (head.kind === 'failed') {
    if (head.failure.kind === 'unreachable') question.onNothing?.();
    throw toUpstreamFault(head.failure, deployment);
  }
  if (head.status >= 300) question.onNothing?.();
  const collected = await attempt.collect();
  if (collected.kind === 'failed') throw toUpstreamFault(collected.failure, deployment);
  const refusal = refusesCredential(deployment, head.status);
  if (refusal !== undefined) throw refusal;
  const body = collected.kind === 'complete' ? parseObject(collected.body) : undefined;
  if (body === undefined) throw toGarbageFault(deployment, 'something that is not a JSON object');
  return { status: head.status, headers: head.headers, body };
}

/** Its refusal in its own words, where it says why. */
export function refusedByProvider({ status, body }: ProviderAnswer): Fault {
  const { error } = body;
  const message = isObject(error) && typeof error['message'] === 'string' ? error['message'] : '';
  return new Fault(status < 500 ? 'request.invalid' : 'upstream.refused', `it answered ${status}`, {
    detail: `The provider answered ${status}: ${message}`,
  });
}

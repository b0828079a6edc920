import { Fault } from '@sagewai/fault';

import type { Deployment } from './models/deployment.ts';
import type { UpstreamFailure } from './providers/upstream.ts';

const RETRY_AFTER_MS = 1_000;

/** What a caller is told when there is no answer to pass on. */
export function toUpstreamFault({ kind, cause }: UpstreamFailure, deployment: Deployment): Fault {
  const at = `deployment ${deployment.id}`;
  const isSlow =
    kind === 'late' ||
    (cause as NodeJS.ErrnoException | undefined)?.code === 'UND_ERR_CONNECT_TIMEOUT';
  if (isSlow) {
    return new Fault('upstream.late', `${at} was silent for too long`, {
      detail: `The provider of ${deployment.model} did not answer in time. Try again.`,
      retryAfterMs: RETRY_AFTER_MS,
      cause,
    });
  }
  const what = kind === 'unreachable' ? 'could not be reached' : 'broke the connection off';
  return new Fault('upstream.refused', `${at} ${what}`, {
    detail: `The provider of ${deployment.model} ${what}. Try again.`,
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}

/** A provider that answered something that is no answer of this format. */
export function toGarbageFault(deployment: Deployment, what: string): Fault {
  return new Fault('upstream.broken', `deployment ${deployment.id} answered ${what}`, {
    detail: `The provider of ${deployment.model} answered ${what}.`,
  });
}

/** A refusal whose words nobody can read, in words that clients of this format can. */
export function toRefusalBody({ model }: Deployment, status: number): Buffer {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  const message = `The provider of ${model} answered ${status}, and nothing that can be read.`;
  const error = { message, type, param: null, code: 'upstream.broken' };
  return Buffer.from(JSON.stringify({ error }));
}

/** The last event of a stream that cannot be continued, in the shape that clients of it parse. */
export function toErrorEvent({ code, detail }: Fault): Buffer {
  const error = { message: detail, type: 'server_error', param: null, code };
  return Buffer.from(`data: ${JSON.stringify({ error })}\n\n`);
}

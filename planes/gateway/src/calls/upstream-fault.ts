import { Fault } from '@sagewai/fault';
import { PROBLEMS } from '@sagewai/wire';

import type { Format } from '../formats/format.ts';
import { type Deployment, placeOf } from '../models/deployment.ts';
import type { UpstreamFailure } from '../providers/upstream.ts';

const RETRY_AFTER_MS = 1_000;

/** What a caller is told when there is no answer to pass on. */
export function toUpstreamFault(
  { kind, cause }: UpstreamFailure,
  deployment: Deployment,
  tellsPlace = false,
): Fault {
  const place = placeOf(deployment.endpoint);
  const at = `deployment ${deployment.id} (${place})`;
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
    detail:
      kind === 'unreachable'
        ? `The provider of ${deployment.model} could not be reached${tellsPlace ? ` at ${place}. From this server: curl ${place}/models` : '. The log of the server says where it is, under the id of this request.'}`
        : `The provider of ${deployment.model} ${what}. Try again.`,
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

/** Nothing follows a redirect, nor is a client sent to where its provider points (M6). */
export const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/** A refusal whose words nobody can read, in words that clients of this format can. */
export function toRefusalBody({ model }: Deployment, status: number, format: Format): Buffer {
  const message = `The provider of ${model} answered ${status}, and nothing that can be read.`;
  return Buffer.from(
    JSON.stringify(format.errorBody({ status, code: 'upstream.broken', message })),
  );
}

/** The last event of a stream that cannot be continued, in the shape that clients of it parse. */
export function toErrorEvent({ code, detail: message }: Fault, format: Format): Buffer {
  const { status } = PROBLEMS[code];
  return Buffer.from(format.frame(format.errorBody({ status, code, message })));
}

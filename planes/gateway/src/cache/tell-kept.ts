import type { OutgoingHttpHeaders } from 'node:http';

import { SAFETY_HEADERS } from '@sagewai/http';

import { headerText } from '../answers/header-text.ts';
import type { AdmittedCall } from '../calls/admitted-call.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Kept } from './answer-cache.ts';

/** A kept answer, with a head of this call: the provider's own is of the call that was made then. */
export function tellKept(
  call: AdmittedCall,
  { body, contentType, deployment }: Pick<Kept, 'body' | 'contentType' | 'deployment'>,
  { key, ageMs }: { readonly key: string; readonly ageMs: number | null },
): void {
  const { reply, request, caller } = call.input;
  if (reply.destroyed) return;
  const { policy } = caller.detail as CallerDetail;
  const headers: OutgoingHttpHeaders = {
    ...SAFETY_HEADERS,
    'content-type': contentType,
    'content-length': body.length,
    'x-request-id': request.id,
    'x-litellm-call-id': call.reservationId,
    'x-litellm-model-id': headerText(deployment.id),
    'x-litellm-model-group': headerText(call.group.model),
    'x-litellm-response-cost': '0',
    'x-litellm-cache-key': key,
    'x-sagewai-cache': 'hit',
    ...(ageMs === null ? {} : { age: String(Math.floor(ageMs / 1_000)) }),
    ...policy?.headers,
  };
  const { requestIdHeader } = call.format;
  if (requestIdHeader !== undefined) headers[requestIdHeader] = request.id;
  reply.writeHead(200, headers);
  reply.end(body);
}

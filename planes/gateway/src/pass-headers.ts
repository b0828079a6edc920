import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

import { SAFETY_HEADERS } from '@sagewai/http';
import { formatUsd } from '@sagewai/wire';

import type { AdmittedCall, Settled } from './admitted-call.ts';
import type { OpenAnswer } from './open-answer.ts';

// Of one connection (RFC 9110), set anew by ours, or about the provider's host and our account there.
const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'server',
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'openai-organization',
  'openai-project',
  ...Object.keys(SAFETY_HEADERS),
]);
const DROPPED_PREFIXES = ['access-control-', 'x-litellm-'];
// Ours have the same names and mean this server; the provider's go by another name.
const RENAMED = /^(?:x-request-id$|x-ratelimit-)/;

/** The headers of a provider's answer as its client may see them. */
export function passHeaders(upstream: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = { ...SAFETY_HEADERS };
  // A provider may name further headers that are for us alone.
  const ofConnection = namesOf(upstream.connection);
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || DROPPED.has(name) || ofConnection?.has(name)) continue;
    if (DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    passed[RENAMED.test(name) ? `llm_provider-${name}` : name] = value;
  }
  return passed;
}

function namesOf(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** What a call cost and where it went, under the names that clients of LiteLLM look for. */
export function costHeaders(
  call: AdmittedCall,
  { deployment, retries }: OpenAnswer,
  settled: Settled | undefined,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    'x-litellm-call-id': call.reservationId,
    'x-litellm-model-id': deployment.id,
    'x-litellm-model-group': call.group.model,
    'x-litellm-attempted-retries': retries,
  };
  const cost = settled?.cost ?? null;
  if (cost !== null) headers['x-litellm-response-cost'] = formatUsd(cost);
  return headers;
}

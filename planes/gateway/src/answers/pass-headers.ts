import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { SAFETY_HEADERS } from '@sagewai/http';
import { formatUsd } from '@sagewai/wire';

import type { AdmittedCall, Settled } from '../calls/admitted-call.ts';
import type { OpenAnswer } from '../calls/open-answer.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import { routeText } from '../routing/route-text.ts';
import { addTier } from '../tiers/tier-headers.ts';
import { headerText } from './header-text.ts';

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
  'anthropic-organization-id',
  ...Object.keys(SAFETY_HEADERS),
]);
const DROPPED_PREFIXES = ['access-control-', 'x-litellm-'];
// Ours have the same names and mean this server; the provider's go by another name.
const RENAMED = /^(?:x-request-id$|x-ratelimit-)/;

/**
 * The head of an answer: the provider's headers as its client may see them, and ours. Made as one object
 * for `writeHead`, which takes three times as long once a header has been set before.
 */
export function answerHeaders(
  call: AdmittedCall,
  open: OpenAnswer,
  { upstream, settled }: { readonly upstream: IncomingHttpHeaders; readonly settled?: Settled },
): OutgoingHttpHeaders {
  const headers = passedHeaders(upstream, call.input.request.id);
  const { requestIdHeader } = call.format;
  // The provider's own where it has one: its support asks for that.
  if (requestIdHeader !== undefined) headers[requestIdHeader] ??= call.input.request.id;
  addCost(headers, call, { open, settled });
  return headers;
}

/** Those of the provider that its client may see. */
export function passedHeaders(
  upstream: IncomingHttpHeaders,
  requestId: string,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ...SAFETY_HEADERS };
  // A provider may name further headers that are for us alone.
  const ofConnection = namesOf(upstream.connection);
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || DROPPED.has(name) || ofConnection?.has(name)) continue;
    if (DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    headers[RENAMED.test(name) ? `llm_provider-${name}` : name] = value;
  }
  headers['x-request-id'] = requestId;
  return headers;
}

function namesOf(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close')
    return undefined;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** Which call it was and where it went, on an answer that is a failure of ours. */
export function nameCall(reply: ServerResponse, open: OpenAnswer): void {
  if (reply.headersSent) return;
  reply.setHeader('x-litellm-call-id', open.call.reservationId);
  reply.setHeader('x-sagewai-route', routeText(open));
}

/** What a call cost and where it went, under the names that clients of LiteLLM look for. */
function addCost(
  headers: OutgoingHttpHeaders,
  call: AdmittedCall,
  { open, settled }: { readonly open: OpenAnswer; readonly settled: Settled | undefined },
): void {
  headers['x-litellm-call-id'] = call.reservationId;
  headers['x-litellm-model-id'] = headerText(open.deployment.id);
  headers['x-litellm-model-group'] = headerText(call.group.model);
  const { policy } = call.input.caller.detail as CallerDetail;
  if (policy !== null) Object.assign(headers, policy.headers);
  headers['x-litellm-attempted-retries'] = open.retries;
  headers['x-litellm-attempted-fallbacks'] = open.trail.fallbackIndex;
  headers['x-sagewai-route'] = routeText(open);
  if (call.isDuringOutage === true) headers['x-sagewai-outage'] = 'open';
  const lost = open.crossed?.lost ?? [];
  if (lost.length > 0) {
    const names = lost.map((name) => encodeURIComponent(name.toWellFormed()));
    headers['x-sagewai-untranslated'] = names.join(', ');
  }
  const cost = settled?.cost ?? null;
  if (cost !== null) headers['x-litellm-response-cost'] = formatUsd(cost);
  if (call.tier !== undefined) addTier(headers, call, call.tier, cost);
}

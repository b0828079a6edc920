import type { IncomingHttpHeaders } from 'node:http';

import { open, sealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import {
  ANONYMOUS,
  type CredentialReader,
  implementStream,
  type Route,
  SAFETY_HEADERS,
} from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { type OrganizationId, receiveWebhook, type WebhookOptions } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { fireTrigger, type Fired } from './fire-trigger.ts';
import { readWebhookBody } from './read-body.ts';
import { secretContext, type TriggerRow } from './trigger.ts';
import { findPath, findTrigger } from './triggers.sql.ts';
import { deliveryKeyOf, type Incoming, isVerified } from './verify-webhook.ts';

const PER_MINUTE = 120;
/** What is told of a request to filters and templates: nothing that proves who somebody is. */
const TOLD = /^(content-type|user-agent|webhook-id|webhook-timestamp|x-[a-z0-9-]+)$/;
const SECRET = /auth|token|secret|signature|cookie|key|forwarded|real-ip/;

interface Answer {
  readonly status: 200 | 202;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a sender shows in `Authorization` is for its trigger to judge. */
export const webhookSenders: CredentialReader = {
  read: ({ endpoint }) => (endpoint.id === receiveWebhook.id ? ANONYMOUS : null),
};

/** `POST /webhooks/{path}`: whoever holds a trigger's secret starts its run. */
export function receiveRoute(parts: FleetParts): Route {
  return implementStream(receiveWebhook, async ({ params, raw, request, reply }) => {
    const incoming = { headers: request.headers, raw, nowMs: parts.clock.now().getTime() };
    const { status, body } = await take(parts, params.path, incoming);
    const text = JSON.stringify(body);
    reply.writeHead(status, {
      ...SAFETY_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    });
    reply.end(text);
  });
}

async function take(parts: FleetParts, path: string, incoming: Incoming): Promise<Answer> {
  const trigger = await demandTrigger(parts, path);
  const { triggerMeters: meters } = parts;
  const options = trigger.options as WebhookOptions;
  const secrets = openSecrets(parts, trigger);
  if (!isVerified(options, incoming, secrets)) {
    meters.delivered('webhook', 'unverified');
    throw new Fault('caller.unknown', 'a webhook is not signed as its trigger says', {
      detail: 'Webhook verification failed.',
    });
  }
  const read = readWebhookBody(incoming.raw, incoming.headers['content-type']);
  if (read.kind === 'malformed') {
    throw new Fault('request.malformed', 'a webhook is not JSON', { detail: read.why });
  }
  const handshake = answerHandshake(options, incoming.headers, read.body);
  if (handshake !== null) {
    meters.delivered('webhook', 'pong');
    return { status: 200, body: handshake };
  }
  const fired = await fireTrigger(parts, {
    trigger,
    perMinute: options.per_minute ?? PER_MINUTE,
    data: {
      body: read.body,
      headers: tellHeaders(incoming.headers, options),
      trigger: { id: trigger.id, name: trigger.name },
      delivery: {
        key: deliveryKeyOf(options, incoming, read.body),
        at: new Date(incoming.nowMs).toISOString(),
      },
    },
  }).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'rate.exceeded')
      meters.delivered('webhook', 'limited');
    throw error;
  });
  meters.delivered('webhook', fired.kind);
  return answer(fired);
}

/** Unknown, disabled or of another kind: nobody is told which. */
async function demandTrigger(parts: FleetParts, path: string): Promise<TriggerRow> {
  const known = await findPath(parts.dispatch, path);
  const trigger = known && (await readTrigger(parts, known.orgId, known.id));
  if (trigger?.enabled !== true || trigger.path !== path) {
    throw new Fault('resource.missing', 'no trigger has this path', {
      detail: 'There is no such webhook.',
    });
  }
  return trigger;
}

const readTrigger = (
  { db }: FleetParts,
  orgId: OrganizationId,
  id: string,
): Promise<TriggerRow | null> =>
  inTenant(db, [orgId], (tx) => findTrigger(tx, { orgId, projectId: null, named: id }));

/** The present secret, and the former one while it is good. */
export function openSecrets(
  { sealingKeys: masters }: Pick<FleetParts, 'sealingKeys'>,
  { id, secretSealed, previousSealed }: TriggerRow,
): string[] {
  return [secretSealed, previousSealed].flatMap((sealed) => {
    if (sealed === null) return [];
    const opened = open(sealingKeys(masters, 'trigger'), sealed, secretContext(id));
    return opened.kind === 'opened' ? [opened.data.toString('utf8')] : [];
  });
}

/** What senders ask before they send anything. */
function answerHandshake(
  { scheme }: WebhookOptions,
  headers: IncomingHttpHeaders,
  body: unknown,
): Answer['body'] | null {
  if (scheme === 'github' && headers['x-github-event'] === 'ping') {
    return { status: 'pong', run_id: null };
  }
  if (scheme !== 'slack' || typeof body !== 'object' || body === null) return null;
  const { type, challenge } = body as { readonly type?: unknown; readonly challenge?: unknown };
  return type === 'url_verification' && typeof challenge === 'string' ? { challenge } : null;
}

export function tellHeaders(
  headers: IncomingHttpHeaders,
  { header = '' }: Pick<WebhookOptions, 'header'>,
): Record<string, string> {
  const told = Object.entries(headers).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' &&
      TOLD.test(entry[0]) &&
      !SECRET.test(entry[0]) &&
      entry[0] !== header.toLowerCase(),
  );
  return Object.fromEntries(told);
}

function answer(fired: Fired): Answer {
  switch (fired.kind) {
    case 'started':
    case 'repeated':
      return { status: 202, body: { status: fired.kind, run_id: fired.runId } };
    case 'filtered':
      return { status: 202, body: { status: 'filtered', run_id: null } };
    case 'refused':
      throw new Fault('request.invalid', 'a trigger cannot start what it asks for', {
        detail: `The trigger refused this delivery: ${fired.why}.`,
      });
  }
}

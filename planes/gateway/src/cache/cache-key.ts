import { createHash } from 'node:crypto';

import type { DecidedCall } from '../calls/decide-call.ts';
import { type Deployment, placeOf } from '../models/deployment.ts';
import type { ModelGroup } from '../models/model-table.ts';

/** Of LiteLLM's and ours, about the call and not about its answer. */
const NOT_ASKED: readonly string[] = ['cache', 'guardrails'];

/**
 * The name of a call's answer. Whose it is comes first: what one project was answered is never told to
 * another. Then the model as it is served now (other deployments, other answers), and the request: names
 * in any order, whatever white space is between them.
 */
export function answerKey(
  { input, format, asked, group, classification }: DecidedCall,
  of: { readonly namespace: string },
): string {
  const headers = format.passHeaders(input.request.headers);
  const query = format.passQuery(input.request.url);
  const body = Object.entries(input.body as object).filter(([name]) => !NOT_ASKED.includes(name));
  return digest([
    'answer',
    ...tenantOf(input.caller),
    of.namespace,
    classification ?? '',
    format.name,
    // Of some formats the path tells it, and not the body.
    String(asked.wantsStream),
    ...profileOf(group),
    canonical(headers),
    query,
    canonical(Object.fromEntries(body)),
  ]);
}

/** The name of one text's embedding: its model's version, how it is to be embedded, and the text. */
export function embeddingKey(
  { input, group, classification }: DecidedCall,
  of: { readonly namespace: string; readonly text: unknown },
): string {
  const { input: _, model: __, ...how } = input.body as Record<string, unknown>;
  for (const name of NOT_ASKED) delete how[name];
  return digest([
    'embedding',
    ...tenantOf(input.caller),
    of.namespace,
    classification ?? '',
    ...profileOf(group),
    canonical(how),
    canonical(of.text),
  ]);
}

function tenantOf({ orgId, projectId }: DecidedCall['input']['caller']): string[] {
  if (orgId === null || projectId === null) throw new Error('a model caller without a project');
  return [orgId, projectId];
}

/** What of a model decides its answers; of its address, nothing that may be a credential. */
function profileOf({ model, deployments }: ModelGroup): string[] {
  return [
    model,
    ...deployments.map(({ id, upstreamModel, endpoint }) =>
      canonical([id, upstreamModel, endpoint.provider, placeOf(endpoint)]),
    ),
  ];
}

/** Whether this is what the name of the answer says: another model may have answered in its place. */
export const isOfProfile = ({ deployments }: ModelGroup, { id }: Deployment): boolean =>
  deployments.some((each) => each.id === id);

/** Each with its length, so that no two lists of texts are one. */
function digest(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** One text for what JSON reads as the same. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const of = value as Record<string, unknown>;
  const fields = Object.keys(of).toSorted();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${canonical(of[name])}`).join(',')}}`;
}

/**
 * Embeddings are kept text by text: of a request only those are asked for that are not known, and only
 * they are paid for. The answer has all of them in their places; its usage is what was asked.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { isObject, type JsonObject } from '@sagewai/translate';

import { findFields, watch } from '../bytes/find-fields.ts';
import { parseObject } from '../bytes/parse-object.ts';
import type { DecidedCall } from '../calls/decide-call.ts';
import type { Forward } from '../calls/forward.ts';
import { NO_USAGE } from '../money/usage.ts';
import { Trail } from '../routing/trail.ts';
import type { Kept } from './answer-cache.ts';
import { embeddingKey, isOfProfile } from './cache-key.ts';
import { findKept, keepEverywhere } from './find-kept.ts';
import type { CachePlan } from './read-controls.ts';
import { tellKept } from './tell-kept.ts';
import type { CacheParts, Settlements } from './with-cache.ts';

const INPUT = watch(['input']);
const JSON_TYPE = 'application/json; charset=utf-8';

interface Parts {
  readonly forward: Forward;
  readonly parts: CacheParts & { readonly settlements: Settlements };
}

interface Item {
  readonly text: unknown;
  readonly key: string;
  readonly kept: Kept | undefined;
}

export async function forwardEmbeddings(
  decided: DecidedCall,
  plan: CachePlan,
  { forward, parts }: Parts,
): Promise<void> {
  const { input } = decided;
  const { meters } = parts;
  const { deployments } = decided.group;
  const { ageMsMax, namespace } = plan;
  const look = async (text: unknown): Promise<Item> => {
    const key = embeddingKey(decided, { namespace, text });
    const found = plan.mayRead ? await findKept(parts, key, { ageMsMax, deployments }) : null;
    return { text, key, kept: found?.kept };
  };
  const texts = textsOf((input.body as { readonly input?: unknown }).input);
  const items = await Promise.all(texts.map(look));
  const known = items.flatMap(({ kept }) => kept ?? []);
  const savedPusd = known.reduce((sum, { costPusd }) => sum + (costPusd ?? 0n), 0n);
  const [first] = known;
  const [item] = items;
  if (first !== undefined && item !== undefined && known.length === items.length) {
    const trail = new Trail(parts.traceOf(input.request.headers));
    trail.classification = decided.classification;
    trail.savedPusd = savedPusd;
    const call = await parts.reserve(decided, trail);
    const { deployment } = first;
    await parts.settle(call, { deployment, usage: NO_USAGE, source: 'cache', status: 'ok' });
    meters.looked('embedding', 'hit', savedPusd);
    const answer = { object: 'list', data: [], model: decided.group.model, usage: NO_TOKENS };
    const body = withData(answer, items, []);
    tellKept(call, { body, contentType: JSON_TYPE, deployment }, { key: item.key, ageMs: null });
    return;
  }
  if (plan.mayRead) meters.looked('embedding', known.length > 0 ? 'partial' : 'miss', savedPusd);
  const unknown = items.filter(({ kept }) => kept === undefined);
  const asked = known.length === 0 ? input : asking(input, unknown);
  const listening = parts.settlements.listen(asked);
  if (known.length > 0) listening.savedPusd = savedPusd;
  const reply = holdReply(input.reply);
  try {
    await forward(asked, decided.format);
  } finally {
    reply.letGo();
  }
  const { outcome, costPusd } = listening;
  const { head, body } = reply.said();
  if (head === null) return;
  const answer = head.status === 200 ? parseObject(body) : undefined;
  const found = answer === undefined ? undefined : dataOf(answer, unknown.length);
  const isKnown = outcome?.status === 'ok' && isOfProfile(decided.group, outcome.deployment); // C3
  if (answer === undefined || found === undefined || !isKnown) {
    if (known.length > 0 && head.status === 200) throw notThose(decided);
    input.reply.writeHead(head.status, head.headers);
    input.reply.end(body);
    return;
  }
  const bytes = unknown.map(({ text }) => Buffer.byteLength(JSON.stringify(text)));
  const all = bytes.reduce((sum, each) => sum + each, 0);
  for (const [index, { key }] of unknown.entries()) {
    if (!plan.mayStore) break;
    // Its part of the price, by its length: nobody tells what one of several texts cost.
    const part = costPusd === null ? null : (costPusd * BigInt(bytes[index] ?? 0)) / BigInt(all);
    const text = Buffer.from(JSON.stringify(found[index]?.['embedding'] ?? null));
    const { deployment } = outcome;
    const kept = {
      body: text,
      contentType: JSON_TYPE,
      deployment,
      usage: NO_USAGE,
      costPusd: part,
    };
    keepEverywhere(parts, key, { kept, ttlMs: plan.ttlMs });
  }
  const told = known.length === 0 ? body : withData(answer, items, found);
  input.reply.writeHead(200, {
    ...head.headers,
    'content-length': told.length,
    'x-litellm-cache-key': item?.key ?? '',
    'x-sagewai-cache': known.length > 0 ? `partial; kept=${known.length}` : 'miss',
  });
  input.reply.end(told);
}

const notThose = ({ group }: DecidedCall): Fault =>
  new Fault('upstream.broken', 'embeddings that are not those that were asked for', {
    detail: `The provider of ${group.model} did not answer an embedding for each text.`,
  });

const NO_TOKENS = { prompt_tokens: 0, total_tokens: 0 };

/** A text, several, or the same as tokens. */
function textsOf(input: unknown): readonly unknown[] {
  if (!Array.isArray(input)) return [input];
  return typeof input[0] === 'number' ? [input] : (input as unknown[]);
}

/** The same request for these texts alone; every other byte is the caller's. */
function asking(input: StreamInput, items: readonly Item[]): StreamInput {
  const texts = items.map(({ text }) => text);
  const found = findFields(input.raw, 0, INPUT);
  const span = found.kind === 'found' ? found.spans.get('input') : undefined;
  if (span === undefined) throw new Error('a decided call has an input');
  const raw = Buffer.concat([
    input.raw.subarray(0, span.start),
    Buffer.from(JSON.stringify(texts)),
    input.raw.subarray(span.end),
  ]);
  return { ...input, body: { ...(input.body as object), input: texts }, raw };
}

/** In the order of what was asked; undefined: they are not what was asked for. */
function dataOf({ data }: JsonObject, count: number): readonly JsonObject[] | undefined {
  if (!Array.isArray(data) || data.length !== count) return undefined;
  const sorted: JsonObject[] = [];
  for (const [at, each] of data.entries()) {
    if (!isObject(each) || each['embedding'] === undefined) return undefined;
    const { index = at } = each;
    if (typeof index !== 'number' || index < 0 || index >= count || sorted[index]) return undefined;
    sorted[index] = each;
  }
  return sorted;
}

/** The kept ones are put in as the text that they are. */
function withData(
  answer: JsonObject,
  items: readonly Item[],
  found: readonly JsonObject[],
): Buffer {
  let next = 0;
  const data = items.map(({ kept }, index) => {
    const embedding = kept?.body.toString() ?? JSON.stringify(found[next++]?.['embedding']);
    return `{"object":"embedding","index":${index},"embedding":${embedding}}`;
  });
  const { data: _, ...rest } = answer;
  const head = JSON.stringify(rest);
  return Buffer.from(`${head.slice(0, -1)}${head === '{}' ? '' : ','}"data":[${data.join(',')}]}`);
}

/** Keeps what is answered from the client until it is put together. */
function holdReply(reply: ServerResponse): {
  readonly said: () => {
    readonly head: { readonly status: number; readonly headers: OutgoingHttpHeaders } | null;
    readonly body: Buffer;
  };
  readonly letGo: () => void;
} {
  let head: { status: number; headers: OutgoingHttpHeaders } | null = null;
  const pieces: Buffer[] = [];
  // Who stands before us may have put in its own.
  const before = { writeHead: reply.writeHead.bind(reply), end: reply.end.bind(reply) };
  Object.assign(reply, {
    writeHead: (status: number, headers: OutgoingHttpHeaders) => {
      head = { status, headers };
      return reply;
    },
    end: (chunk?: Buffer) => {
      if (chunk !== undefined) pieces.push(chunk);
      return reply;
    },
  });
  return {
    said: () => ({ head, body: Buffer.concat(pieces) }),
    letGo: () => {
      Object.assign(reply, before);
    },
  };
}

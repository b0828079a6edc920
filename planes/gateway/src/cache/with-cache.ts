/**
 * Answers that are kept for the same request of the same project.
 *
 *   C1. A kept answer is told only to a call that may be made now: it is decided and reserved for like any
 *       other, so that a key that is blocked, over its budget or its rates, or without that model, gets none.
 *   C2. It costs nothing, and its spend row says what it would have cost.
 *   C3. What is kept was complete, successful and settled, is of the model that was asked for and not of one
 *       in its place, and belongs to one project.
 *   C4. Two that miss at once both call: no client waits for another's provider.
 *
 * A call that nothing is kept for takes its way as if this were not there.
 */
import type { StreamInput } from '@sagewai/http';

import { cutFields } from '../bytes/cut-fields.ts';
import type { AdmittedCall, Settled } from '../calls/admitted-call.ts';
import type { DecideCall, DecidedCall } from '../calls/decide-call.ts';
import { isAmbiguous } from '../calls/find-allowed.ts';
import type { Forward } from '../calls/forward.ts';
import type { RouteParts } from '../calls/route-call.ts';
import type { Outcome, SettleCall } from '../calls/settle-call.ts';
import type { Format } from '../formats/format.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { Trail } from '../routing/trail.ts';
import type { Kept } from './answer-cache.ts';
import { answerKey, isOfProfile } from './cache-key.ts';
import type { CacheMeters } from './cache-meters.ts';
import { forwardEmbeddings } from './embed-unknown.ts';
import { findKept, keepEverywhere, type KeptPlaces } from './find-kept.ts';
import { hearReply } from './hear-reply.ts';
import {
  type CachePlan,
  type CacheRules,
  planCache,
  readRequestControls,
} from './read-controls.ts';
import { tellKept } from './tell-kept.ts';

export interface CacheParts extends KeptPlaces {
  readonly rules: () => CacheRules;
  /** Whether any deployment says that its answers are kept. */
  readonly isNamed: () => boolean;
  readonly meters: CacheMeters;
  readonly decide: DecideCall;
  readonly reserve: RouteParts['reserve'];
  readonly settle: SettleCall;
  readonly traceOf: RouteParts['traceOf'];
}

/** What became of calls whose answers are listened to, by where they are answered. */
export class Settlements {
  readonly #of = new WeakMap<StreamInput['reply'], Listening>();

  listen(input: StreamInput): Listening {
    const listening: Listening = { outcome: undefined, costPusd: null, savedPusd: undefined };
    this.#of.set(input.reply, listening);
    return listening;
  }

  /** The same, and those who listen are told. */
  told(settle: SettleCall): SettleCall {
    return (call, outcome) => {
      const listening = this.#of.get(call.input.reply);
      return listening === undefined
        ? settle(call, outcome)
        : this.#tell(listening, { call, outcome, settle });
    };
  }

  async #tell(
    listening: Listening,
    { call, outcome, settle }: { call: AdmittedCall; outcome: Outcome; settle: SettleCall },
  ): Promise<Settled> {
    if (call.trail !== undefined) call.trail.savedPusd = listening.savedPusd;
    const settled = await settle(call, outcome);
    listening.outcome = outcome;
    listening.costPusd = settled.cost;
    return settled;
  }
}

export interface Listening {
  outcome: Outcome | undefined;
  costPusd: bigint | null;
  /** What a part of the answer would have cost that was kept. */
  savedPusd: bigint | undefined;
}

export function withCache(
  forward: Forward,
  parts: CacheParts & { readonly settlements: Settlements },
): Forward {
  return (given, format) => {
    // Pictures and recordings are too large to be kept, and forms are no JSON.
    if (format.priceOf !== undefined) return forward(given, format);
    const input = withoutControls(given);
    const { policy } = given.caller.detail as CallerDetail;
    const { when } = parts.rules();
    if (when === 'named' && policy?.cache === undefined && !parts.isNamed()) {
      return forward(input, format);
    }
    return look(input, format, { given, forward, parts });
  };
}

async function look(
  input: StreamInput,
  format: Format,
  of: {
    readonly given: StreamInput;
    readonly forward: Forward;
    readonly parts: CacheParts & { readonly settlements: Settlements };
  },
): Promise<void> {
  const { given, forward, parts } = of;
  const { policy } = input.caller.detail as CallerDetail;
  const request = readRequestControls(given.body, given.request.headers);
  const decided = await parts.decide(input, format); // C1
  const models = decided.group.deployments.map(({ cache }) => cache);
  // Restricted data is nowhere but where it has to be; what a provider keeps has an id of its own.
  const isKeptOut = decided.classification === 'restricted' || decided.asked.kept !== undefined;
  const plan = isKeptOut ? null : planCache(parts.rules(), { models, key: policy?.cache, request });
  if (plan === null) return forward(input, format);
  if (format.name === 'embeddings') {
    return forwardEmbeddings(decided, plan, { forward, parts });
  }
  const key = answerKey(decided, plan);
  const { deployments } = decided.group;
  const { ageMsMax } = plan;
  const found = plan.mayRead ? await findKept(parts, key, { ageMsMax, deployments }) : null;
  if (found !== null) {
    await tellHit(decided, found, { key, parts });
    return;
  }
  if (plan.mayRead) parts.meters.looked('answer', 'miss', 0n);
  await keepAnswer(input, format, { key, group: decided.group, plan, forward, parts });
}

async function tellHit(
  decided: DecidedCall,
  { kept, ageMs }: { readonly kept: Kept; readonly ageMs: number },
  { key, parts }: { readonly key: string; readonly parts: CacheParts },
): Promise<void> {
  const savedPusd = kept.costPusd ?? 0n;
  const trail = new Trail(parts.traceOf(decided.input.request.headers));
  trail.classification = decided.classification;
  trail.savedPusd = savedPusd; // C2
  const call = await parts.reserve(decided, trail); // C1
  const { deployment, usage } = kept;
  await parts.settle(call, { deployment, usage, source: 'cache', status: 'ok' });
  parts.meters.looked('answer', 'hit', savedPusd);
  tellKept(call, kept, { key, ageMs });
}

async function keepAnswer(
  input: StreamInput,
  format: Format,
  {
    key,
    group,
    plan,
    forward,
    parts,
  }: {
    readonly key: string;
    readonly group: ModelGroup;
    readonly plan: CachePlan;
    readonly forward: Forward;
    readonly parts: CacheParts & { readonly settlements: Settlements };
  },
): Promise<void> {
  const { settlements } = parts;
  const listening = settlements.listen(input);
  const heard = hearReply(input.reply, {
    headers: { 'x-litellm-cache-key': key, 'x-sagewai-cache': 'miss' },
    bytesMax: plan.mayStore ? parts.cache.answerBytesMax : 0,
  });
  await forward(input, format);
  const told = heard();
  const { outcome } = listening;
  if (!plan.mayStore || told?.status !== 200 || told.body === null) return;
  if (outcome?.status !== 'ok' || !isOfProfile(group, outcome.deployment)) return; // C3
  const { deployment, usage } = outcome;
  const contentType = String(told.headers['content-type'] ?? 'application/json');
  const kept = { body: told.body, contentType, deployment, usage, costPusd: listening.costPusd };
  keepEverywhere(parts, key, { kept, ttlMs: plan.ttlMs });
}

/** What is for this server alone is not sent on. */
function withoutControls(input: StreamInput): StreamInput {
  const body = input.body as { readonly cache?: unknown };
  if (body.cache === undefined) return input;
  const cut = cutFields(input.raw, ['cache']);
  if (cut.kind === 'ambiguous') throw isAmbiguous(cut.name);
  const { cache: _, ...rest } = body;
  return { ...input, body: rest, raw: cut.body };
}

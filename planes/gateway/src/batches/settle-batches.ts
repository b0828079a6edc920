import { ANONYMOUS, type Caller } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';
import type { ProjectId, ReservationId } from '@sagewai/wire';

import type { Deployment } from '../models/deployment.ts';
import { askProvider, beginQuestion } from './ask-provider.ts';
import { type BatchParts, batchPriceOf, findDeployment, tellBatch } from './batch-parts.ts';
import { type BatchSurface, surfaceOf } from './batch-surface.ts';
import {
  batchesDue,
  type DueBatch,
  type DueDetails,
  endBatch,
  findDue,
  listDue,
  putOff,
} from './batches.sql.ts';
import { type BatchSums, OutputSum } from './sum-output.ts';

const AT_ONCE = 20;

export function settleBatchesJob(parts: BatchParts): Job {
  return job({
    name: 'gateway.settleBatches',
    everyMs: parts.settings.askMs,
    due: { inMs: batchesDue, atLeastEveryMs: 60_000 },
    runsOn: 'leader',
    converges: 'a batch that is over is booked as what its lines used',
    ifItNeverRuns: 'batches expire, and are booked in full as unknown',
    run: async (signal) => {
      for (const due of await listDue(parts.db, AT_ONCE)) {
        if (signal.aborted) return;
        try {
          await look(due, parts);
        } catch (error) {
          parts.log.warn('a batch could not be asked after', { batch: due.id, error });
          await putOff(parts.db, due, waitFor(due, parts));
        }
      }
    },
  });
}

function waitFor({ asked }: DueBatch, { settings: { askMs, askMsMax } }: BatchParts): number {
  return Math.min(askMsMax, askMs * 2 ** Math.min(asked, 20));
}

/** Asks after a batch, and books it where it is over. */
export async function look(due: DueBatch, parts: BatchParts): Promise<void> {
  const { db, switchboard, settings } = parts;
  const { orgId } = due;
  const end = (state: 'settled' | 'lost'): Promise<void> =>
    inTenant(db, [orgId], (tx) => endBatch(tx, orgId, { id: due.id, state }));
  const batch = await findDue(db, due);
  if (batch === null || batch.ageMs > settings.giveUpMs) return end('lost');
  // It may be on its way to its provider at this moment; one that nobody tells of expires as unknown (B2).
  if (batch.providerId === null) return putOff(db, due, waitFor(due, parts));
  // Where it was made, also when its project has got another credential since: it is to be booked all the same.
  const projectId = batch.projectId as ProjectId;
  const by: Caller = { ...ANONYMOUS, kind: 'key', orgId, projectId };
  const deployment =
    (await findDeployment(parts, batch.deployment, by)) ??
    (await findDeployment(parts, batch.deployment));
  if (deployment === null) return putOff(db, due, waitFor(due, parts));
  const surface = surfaceOf(batch.manifest);
  if (surface === undefined) throw new Error(`no batches of ${batch.manifest.endpoint}`);
  const { status, body } = await askProvider(switchboard, deployment, {
    of: surface.of,
    method: 'GET',
    below: `/${encodeURIComponent(batch.providerId)}`,
  });
  const how = status < 300 ? surface.endOf(body) : undefined;
  const owner = { orgId, projectId: batch.projectId };
  const { model } = batch.manifest;
  if (status < 300) await tellBatch(parts, owner, { batch, deployment, model }, body);
  const sums = how && (await sumOutput(batch, deployment, { surface, said: body, parts }));
  if (how === undefined || sums === undefined) return putOff(db, due, waitFor(due, parts));
  const { provider } = deployment.endpoint;
  const source = sums.isTold ? 'provider' : 'estimate';
  await parts.ledger.settle({
    id: batch.id as ReservationId,
    orgId,
    costPusd: sums.costPusd,
    inputTokens: sums.inputTokens,
    cachedInputTokens: sums.cachedInputTokens,
    cacheWriteTokens: sums.cacheWriteTokens,
    outputTokens: sums.outputTokens,
    usageSource: source,
    status: how,
    deployment: deployment.id,
    provider,
  });
  const { inputTokens: input, outputTokens: output, costPusd: cost } = sums;
  parts.meters.count({ provider, status: how, source }, { input, output, cost });
  await end('settled');
}

const NOTHING: BatchSums = {
  costPusd: 0n,
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  isTold: true,
};

/** Undefined: its output is not to be had now. */
async function sumOutput(
  batch: DueDetails,
  deployment: Deployment,
  of: { readonly surface: BatchSurface; readonly said: JsonObject; readonly parts: BatchParts },
): Promise<BatchSums | undefined> {
  const { surface, said, parts } = of;
  const place = surface.placeOf(said, batch.providerId ?? '');
  if (place.kind !== 'at') return place.kind === 'none' ? NOTHING : undefined;
  const price = batchPriceOf(deployment);
  if (price === undefined) return undefined;
  const { manifest } = batch;
  const sum = new OutputSum({ surface, price, manifest }, parts.settings.lineBytesMax);
  const attempt = beginQuestion(parts.switchboard, deployment, { ...place, method: 'GET' });
  const head = await attempt.head;
  if (head.kind !== 'head' || head.status !== 200) {
    attempt.abort();
    return undefined;
  }
  const isWhole = await new Promise<boolean>((resolve) => {
    attempt.handTo({
      onData: (chunk) => {
        sum.push(chunk);
        if (sum.isBroken) attempt.abort();
      },
      onEnd: () => resolve(true),
      onFailure: () => resolve(false),
    });
  });
  return isWhole && !sum.isBroken ? sum.end() : undefined;
}

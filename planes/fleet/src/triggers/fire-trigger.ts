/**
 * What has become of something that came in.
 *
 *   X1. A delivery of a trigger starts at most one run, whoever takes it and whatever dies: the run and the
 *       record of the firing are one transaction, and the record's key is the delivery.
 *   X6. What is told to have started is committed. What a trigger asks for and cannot have is recorded, and
 *       tried again when it comes again.
 */
import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { inTenant, type Tx } from '@sagewai/postgres';
import { PROBLEMS, type RunId } from '@sagewai/wire';

import { submitRuns } from '../dispatch/queue.sql.ts';
import type { FleetParts } from '../parts.ts';
import type { NewRun } from '../runs/run.ts';
import type { Submission } from '../runs/submissions.ts';
import { passes } from './filter.ts';
import { mapSubmission } from './map-submission.ts';
import { actorOf, type Delivered, type FiringHow, type TriggerRow } from './trigger.ts';
import { countDelivery, insertTriggerFiring, noteRepeat, setFiringRun } from './triggers.sql.ts';

export type Fired =
  | { readonly kind: 'started'; readonly runId: RunId }
  | { readonly kind: 'repeated'; readonly runId: RunId | null }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'refused'; readonly why: string };

/** What a delivery would do. */
export type Planned =
  | { readonly kind: 'run'; readonly run: NewRun; readonly submission: Submission }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'refused'; readonly why: string };

export interface Delivery {
  readonly trigger: TriggerRow;
  readonly data: Delivered;
  /** Null: whoever delivers keeps to its own measure. */
  readonly perMinute: number | null;
}

class Refusal extends Error {}

/** Before any transaction: it may ask the database for itself. */
export async function planDelivery(
  { submissions, settings }: FleetParts,
  trigger: TriggerRow,
  data: Delivered,
): Promise<Planned> {
  if (!passes(trigger.filter, data)) return { kind: 'filtered' };
  const mapped = mapSubmission(trigger.run, data, settings.payloadBytesMax);
  if (mapped.kind === 'refused') return mapped;
  const { orgId, projectId, id } = trigger;
  const by = { orgId, projectId, actor: actorOf(id) };
  try {
    const { runs } = await submissions.prepare([mapped.submission], by);
    const [run] = runs;
    return run === undefined
      ? { kind: 'refused', why: 'nothing was made' }
      : { kind: 'run', run, submission: mapped.submission };
  } catch (error) {
    if (error instanceof Fault && PROBLEMS[error.code].retry === 'never') {
      return { kind: 'refused', why: error.detail };
    }
    throw error;
  }
}

/** Starts its run, or records why not. Throws what may be over when it comes again. */
export async function fireTrigger(parts: FleetParts, delivery: Delivery): Promise<Fired> {
  const { trigger, data } = delivery;
  const seen = await inTenant(parts.db, [trigger.orgId], (tx) => noteRepeat(tx, keyOf(delivery)));
  if (seen !== null) return { kind: 'repeated', runId: seen.runId };
  const planned = await planDelivery(parts, trigger, data);
  try {
    return await inTenant(parts.db, [trigger.orgId], (tx) => commit(parts, tx, delivery, planned));
  } catch (error) {
    if (error instanceof Refusal) {
      const refused = { kind: 'refused', why: error.message } as const;
      return inTenant(parts.db, [trigger.orgId], (tx) => commit(parts, tx, delivery, refused));
    }
    throw parts.full.explain(error, trigger.orgId);
  }
}

async function commit(
  parts: FleetParts,
  tx: Tx,
  delivery: Delivery,
  planned: Planned,
): Promise<Fired> {
  const { trigger, perMinute } = delivery;
  if (perMinute !== null) {
    const counted = await countDelivery(tx, { id: trigger.id, perMinute });
    if (counted.kind === 'full') {
      throw new Fault('rate.exceeded', 'a trigger has had as many deliveries as it may', {
        detail: `This trigger takes ${perMinute} deliveries a minute.`,
        retryAfterMs: counted.waitMs,
      });
    }
  }
  const runId = planned.kind === 'run' ? planned.run.runId : null;
  const error = planned.kind === 'refused' ? planned.why : null;
  const how: FiringHow = planned.kind === 'run' ? 'started' : planned.kind;
  const firing = { id: newId(), orgId: trigger.orgId, ...keyOf(delivery), how, runId, error };
  if (!(await insertTriggerFiring(tx, firing))) {
    const seen = await noteRepeat(tx, keyOf(delivery)); // X1
    return { kind: 'repeated', runId: seen?.runId ?? null };
  }
  switch (planned.kind) {
    case 'run':
      return { kind: 'started', runId: await start(parts, tx, delivery, planned.run) };
    case 'filtered':
    case 'refused':
      return planned;
  }
}

async function start(
  { submissions }: FleetParts,
  tx: Tx,
  delivery: Delivery,
  run: NewRun,
): Promise<RunId> {
  await submissions.takeRoom(1);
  const [stored] = await submitRuns(tx, [run]);
  if (stored?.how === 'conflict') {
    throw new Refusal('its idempotency key was used for another request');
  }
  if (stored?.how === 'same') {
    await setFiringRun(tx, { ...keyOf(delivery), runId: stored.runId });
    return stored.runId;
  }
  tx.onCommit(() => submissions.tell([run]));
  return run.runId;
}

const keyOf = ({ trigger, data }: Delivery) => ({
  triggerId: trigger.id,
  deliveryKey: data.delivery.key,
});

/**
 * Model calls that a worker makes with its own credentials. They are paid for like any other: reserved
 * under the run's lease before, settled after, and marked as declared by the worker.
 *
 * Their price is the operator's to say (M4). A model whose price is unknown is recorded with its tokens
 * and shown as unpriced, never as 0; where the operator wants it, it is refused. Recording is the default
 * because the money is not ours to protect: the worker's own provider bills its owner, while tokens and
 * requests are limited all the same.
 */
import { Fault } from '@sagewai/fault';
import { found, implementOwn, type Route } from '@sagewai/http';
import type { Ledger, PriceCeiling } from '@sagewai/ledger';
import { inTenant } from '@sagewai/postgres';
import {
  formatUsd,
  type ReservationId,
  reserveForRun,
  type RunId,
  settleForRun,
} from '@sagewai/wire';

import { holdsLease } from '../dispatch/leases.sql.ts';
import { staleLease } from '../dispatch/stale-lease.ts';
import { demandApproved, demandCurrentSession, demandWorker } from '../identity/calling-worker.ts';
import type { FleetParts } from '../parts.ts';
import { readIdempotencyKey } from '../runs/idempotency-key.ts';
import { findRun } from '../runs/runs.sql.ts';
import { findOwnCall } from './own-calls.sql.ts';
import { reserveOwnCall } from './reserve-own-call.ts';

const DEPLOYMENT = 'worker';

export interface OwnCallOptions {
  readonly ledger: Ledger;
  /** What a worker's own model costs; null: unknown. */
  readonly priceOf: (model: string) => PriceCeiling | null;
}

export function ownCallRoutes(parts: FleetParts, { ledger, priceOf }: OwnCallOptions): Route[] {
  const { db, dispatch, clock, settings, log } = parts;
  return [
    implementOwn(reserveForRun, async ({ params, body, caller, request }) => {
      const worker = demandWorker(caller, 'report');
      demandCurrentSession(worker);
      demandApproved(worker);
      const { record, sessionEpoch } = worker;
      const { orgId } = record.capabilities;
      const runId = params.run_id as RunId;
      const epoch = BigInt(body.epoch);
      const held = { runId, epoch, workerNum: record.num, sessionEpoch };
      if (!(await holdsLease(dispatch, held))) throw staleLease(runId); // F1
      const price = priceOf(body.model);
      if (price === null) {
        if (settings.unpricedOwnModels === 'refuse') throw unpriced(body.model);
        log.warn('a worker calls a model of its own whose price is unknown', {
          model: body.model,
          worker: record.id,
        });
      }
      const run = found(
        await inTenant(db, [orgId], (tx) => findRun(tx, runId)),
        'There is no such run.',
      );
      const { id, expiresAt } = await reserveOwnCall(
        { db, ledger, clock },
        {
          orgId,
          projectId: run.projectId,
          runId,
          workerId: record.id,
          model: body.model,
          deployment: DEPLOYMENT,
          price,
          inputTokensMax: body.input_tokens_max,
          outputTokens: body.output_tokens_max,
          mayCap: false,
          expiresInMs: settings.ownCallTtlMs,
        },
        readIdempotencyKey(request),
      );
      return { reservation_id: id, expires_at: expiresAt.toISOString() };
    }),

    // Also after the lease: what was spent was spent, and otherwise the reservation is booked in full.
    implementOwn(settleForRun, async ({ params, body, caller }) => {
      const { record } = demandWorker(caller, 'report');
      const { orgId } = record.capabilities;
      const id = params.reservation_id as ReservationId;
      const call = await inTenant(db, [orgId], (tx) => findOwnCall(tx, id));
      const own = call?.workerId === record.id && call.runId === params.run_id ? call : null;
      const { model } = found(own, 'There is no such reservation.');
      const price = priceOf(model);
      const settled = await ledger.settle({
        id,
        orgId,
        costPusd:
          price &&
          (body.failed === true && body.input_tokens + body.output_tokens === 0
            ? 0n
            : price.perCall +
              price.input * BigInt(body.input_tokens) +
              price.output * BigInt(body.output_tokens)),
        inputTokens: body.input_tokens,
        outputTokens: body.output_tokens,
        usageSource: 'declared_by_worker',
        status: body.failed === true ? 'error' : 'ok',
        provider: DEPLOYMENT,
      });
      if (settled.kind === 'unknown') found(null, 'There is no such reservation.');
      return { cost_usd: settled.kind === 'settled' ? formatUsd(settled.costPusd) : '0' };
    }),
  ];
}

function unpriced(model: string): Fault {
  return new Fault('model.unpriced', `worker calls ${model}, which has no known price`, {
    detail: `The model ${JSON.stringify(model)} has no known price; the operator can set one.`,
  });
}

import { Fault } from '@sagewai/fault';
import { demandOrganization, staleLease } from '@sagewai/fleet';
import { type Caller, found, implementOwn, type Route } from '@sagewai/http';
import { boundProject, leaseOf } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { appendJournal, type BodyOf, readJournal, type RunId } from '@sagewai/wire';

import { boundPage } from './bound-page.ts';
import type { JournalHead, NewStep, OfRun } from './journal.ts';
import { keepResult, openResults } from './keep-results.ts';
import type { DecisionParts } from './parts.ts';
import { readHead, readSteps } from './steps.sql.ts';
import { toStep } from './to-wire.ts';

const NO_SUCH_RUN = 'There is no such run.';
const STEPS_PER_PAGE = 500;

/** The journal, for whoever holds the run and for whoever reads about it. */
export function journalRoutes(parts: DecisionParts): Route[] {
  const { db, journal, settings } = parts;
  return [
    implementOwn(appendJournal, async ({ params, body, caller }) => {
      const runId = params.run_id.toLowerCase() as RunId;
      const lease = leaseOf(caller);
      const { projectId } = caller;
      // With the token of another run: as one whose lease is over.
      if (lease === null || lease.runId !== runId || projectId === null) throw staleLease(runId);
      const of = { orgId: demandOrganization(caller), projectId, runId };
      const steps = await Promise.all(body.steps.map((step) => toNew(parts, of, step)));
      const { how, change } = await journal.add({ ...of, epoch: BigInt(lease.epoch), steps });
      if (how === 'lost') throw staleLease(runId); // D1
      if (how === 'full') throw isFull(settings.changesPerRunMax);
      return { change: Number(change) };
    }),

    implementOwn(readJournal, async ({ params, query, caller }) => {
      const runId = params.run_id.toLowerCase() as RunId;
      const orgId = demandOrganization(caller);
      const limit = query.limit ?? STEPS_PER_PAGE;
      const after = BigInt(query.after ?? 0);
      return inTenant(db, [orgId], async (tx) => {
        const head = demandVisible(caller, runId, await readHead(tx, runId));
        const rows = await readSteps(tx, { runId, after, limit });
        const page = boundPage(rows, settings.pageBytesMax);
        const opened = await openResults(parts, { orgId, runId, tx }, page);
        return {
          steps: opened.map(toStep),
          next: Number(page.at(-1)?.change ?? after),
          is_end: page.length === rows.length && rows.length < limit,
          format: head.format,
          seed: head.seed,
          started_at: head.startedAt.toISOString(),
          replay_of: head.replayOf,
          resumed_epoch: head.resumedEpoch === null ? null : Number(head.resumedEpoch),
        };
      });
    }),
  ];
}

/** A run reads of itself alone. */
export function demandVisible(caller: Caller, runId: RunId, head: JournalHead | null): JournalHead {
  const own = leaseOf(caller);
  const bound = boundProject(caller);
  const isSeen = own === null ? bound === null || head?.projectId === bound : own.runId === runId;
  return found(isSeen ? head : null, NO_SUCH_RUN);
}

async function toNew(
  parts: DecisionParts,
  of: OfRun,
  step: BodyOf<typeof appendJournal>['steps'][number],
): Promise<NewStep> {
  const isEnd = step.state === 'completed' || step.state === 'failed';
  if (isEnd && step.ended_at === undefined) {
    throw new Fault('request.invalid', 'a finished step does not say when it ended', {
      detail: 'A step that is completed or failed has an ended_at.',
    });
  }
  const result = step.result === undefined ? null : JSON.stringify(step.result);
  return {
    ...(await keepResult(parts, of, { result, error: step.error ?? null })),
    name: step.name,
    ordinal: step.ordinal,
    kind: step.kind,
    state: step.state,
    inputDigest: step.input_digest ?? null,
    isFinal: step.is_final ?? false,
    tries: step.tries ?? 0,
    startedAt: new Date(step.started_at),
    endedAt: isEnd && step.ended_at !== undefined ? new Date(step.ended_at) : null,
  };
}

const isFull = (max: number): Fault =>
  new Fault('request.too_large', 'a journal is full', {
    detail: `A run may write ${max} changes to its journal; let it do more in a step, or in child runs.`,
  });

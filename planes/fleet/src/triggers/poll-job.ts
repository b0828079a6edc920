/**
 * Addresses that are asked again and again.
 *
 *   X7. A poller is at one replica at a time: who takes it moves its next poll so far that nobody else does
 *       meanwhile, and it comes back by itself if that replica dies. An item that was seen fires nothing (X1),
 *       so that a poll which is repeated starts no run twice.
 *   X8. What was seen at the first poll, and was to start nothing, is known before it is said to be.
 *   X9. An item is known for as long as its address lists it, and the retention after: however old it is, it is
 *       not new again.
 */
import { Fault } from '@sagewai/fault';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { OrganizationId, PollerOptions } from '@sagewai/wire';

import { pollsDue } from '../due.sql.ts';
import type { FleetParts } from '../parts.ts';
import { fireTrigger } from './fire-trigger.ts';
import {
  findNewItems,
  noteUnchanged,
  planPoll,
  type PollState,
  readPoll,
  recordPoll,
  skipItems,
  takePolls,
} from './polls.sql.ts';
import { type Item, readItems } from './read-items.ts';
import { openSecrets } from './receive-webhook.ts';
import type { TriggerRow } from './trigger.ts';
import { findTrigger } from './triggers.sql.ts';

const POLLS_PER_ROUND = 20;
/** Longer than a poll may take, its answer and what it starts. */
const HOLD_MS = 120_000;
const ANSWER_BYTES_MAX = 4 * 1_048_576;
/** New ones of one poll; the others are new at the next. */
const ITEMS_MAX = 200;
const BACKOFF_MAX = 6;
const ERROR_LENGTH_MAX = 500;
/** So often in the time that it is kept it is written that an item is listed still. */
const SEEN_PER_RETENTION = 10;

type Answer =
  | { readonly kind: 'unchanged'; readonly status: number }
  | {
      readonly kind: 'items';
      readonly status: number;
      readonly items: readonly Item[];
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'failed'; readonly status: number | null; readonly error: string };

export function pollJob(parts: FleetParts): Job {
  const { dispatch, log, settings } = parts;
  return job({
    name: 'fleet.poll',
    everyMs: settings.triggerPollEveryMs,
    runsOn: 'every-replica',
    due: { inMs: pollsDue, atLeastEveryMs: 60_000 },
    converges: 'every poller that is due has asked, and what is new has started its runs',
    ifItNeverRuns: 'pollers start nothing',
    run: async () => {
      const taken = await takePolls(dispatch, { holdMs: HOLD_MS, limit: POLLS_PER_ROUND });
      await Promise.all(
        taken.map(({ id, orgId }) =>
          // One that fails stands in nobody's way; it comes back when it is held no more.
          poll(parts, orgId, id).catch((error: unknown) => {
            log.error('a poller did not poll; it is tried again', { trigger: id, error });
          }),
        ),
      );
    },
  });
}

async function poll(parts: FleetParts, orgId: OrganizationId, id: string): Promise<void> {
  const { db } = parts;
  const { trigger, before } = await inTenant(db, [orgId], async (tx) => ({
    trigger: await findTrigger(tx, { orgId, projectId: null, named: id }),
    before: await readPoll(tx, id),
  }));
  if (trigger?.enabled !== true) {
    await planPoll(db, { id, orgId }, null);
    return;
  }
  const options = trigger.options as PollerOptions;
  const answer = await ask(parts, trigger, before);
  const hasItems = before?.hasItems ?? false;
  parts.triggerMeters.polled(answer.kind);
  let done = true;
  if (answer.kind === 'items') {
    const skips = !hasItems && (options.first_poll ?? 'skip') === 'skip';
    if (skips) await knowItems(parts, trigger, answer.items);
    else done = await fireItems(parts, trigger, answer.items);
  }
  const failures = answer.kind === 'failed' ? (before?.failures ?? 0) + 1 : 0;
  // What is not through is asked for whole, and soon.
  const keeps = answer.kind === 'items' && done;
  await inTenant(db, [orgId], async (tx) => {
    const now = await findTrigger(tx, { orgId, projectId: null, named: id });
    // It asks elsewhere now, or not at all: this says nothing of that, and it has been planned anew.
    if (JSON.stringify(now?.options) !== JSON.stringify(trigger.options)) return;
    if (answer.kind === 'unchanged') {
      await noteUnchanged(tx, { triggerId: id, freshMs: freshMsOf(parts) });
    }
    await recordPoll(tx, {
      triggerId: id,
      orgId,
      etag: keeps ? answer.etag : done ? (before?.etag ?? null) : null,
      lastModified: keeps ? answer.lastModified : done ? (before?.lastModified ?? null) : null,
      hasItems: hasItems || answer.kind === 'items',
      hasRead: answer.kind !== 'failed',
      status: answer.status,
      error: answer.kind === 'failed' ? answer.error.slice(0, ERROR_LENGTH_MAX) : null,
      failures,
    });
    const everyMs = options.every_seconds * 1_000;
    await planPoll(tx, trigger, everyMs * 2 ** Math.min(Math.max(0, failures - 1), BACKOFF_MAX));
  });
}

/** Never throws: what went wrong is what is recorded. */
async function ask(
  parts: FleetParts,
  trigger: TriggerRow,
  before: PollState | null,
): Promise<Answer> {
  const options = trigger.options as PollerOptions;
  const [secret] = openSecrets(parts, trigger);
  const { header = 'authorization' } = options;
  const shown = header.toLowerCase() === 'authorization' ? `Bearer ${secret}` : secret;
  const headers = {
    accept: 'application/json',
    'user-agent': 'sagewai',
    ...(secret === undefined || shown === undefined ? {} : { [header]: shown }),
    ...(before?.etag ? { 'if-none-match': before.etag } : {}),
    ...(before?.lastModified ? { 'if-modified-since': before.lastModified } : {}),
  };
  try {
    const {
      status,
      body,
      headers: told,
    } = await parts.egress.send(options.url, {
      method: 'GET',
      headers,
      body: null,
      bytesMax: ANSWER_BYTES_MAX,
    });
    if (status === 304) return { kind: 'unchanged', status };
    if (status !== 200) return { kind: 'failed', status, error: `it answered ${status}` };
    const read = readItems(body.toString('utf8'), options);
    if (read.kind === 'unreadable') return { kind: 'failed', status, error: read.why };
    const [etag, lastModified] = [one(told['etag']), one(told['last-modified'])];
    return { ...read, status, etag, lastModified };
  } catch (thrown) {
    return { kind: 'failed', status: null, error: explain(thrown) };
  }
}

/** True: all of them are through. */
async function fireItems(
  parts: FleetParts,
  trigger: TriggerRow,
  items: readonly Item[],
): Promise<boolean> {
  const { db } = parts;
  const freshMs = freshMsOf(parts);
  const keys = items.map(({ key }) => key);
  const isNew = await inTenant(db, [trigger.orgId], (tx) =>
    findNewItems(tx, { triggerId: trigger.id, keys, freshMs }),
  );
  let started = 0;
  for (const { key, body } of items) {
    if (!isNew.has(key)) continue;
    if (started >= ITEMS_MAX) return false;
    try {
      const fired = await fireTrigger(parts, {
        trigger,
        perMinute: null,
        data: {
          body,
          headers: {},
          trigger: { id: trigger.id, name: trigger.name },
          delivery: { key, at: parts.clock.now().toISOString() },
        },
      });
      parts.triggerMeters.delivered('poller', fired.kind);
      if (fired.kind === 'started') started += 1;
    } catch (error) {
      // A full queue, or a database that is away: it and what follows is new at the next poll.
      if (error instanceof Fault) return false;
      throw error;
    }
  }
  return true;
}

const freshMsOf = ({ settings }: FleetParts): number =>
  settings.triggerFiringsKeptMs / SEEN_PER_RETENTION;

/** X8. */
async function knowItems(
  { db, triggerMeters }: FleetParts,
  { id: triggerId, orgId }: TriggerRow,
  items: readonly Item[],
): Promise<void> {
  const keys = items.map(({ key }) => key);
  await inTenant(db, [orgId], (tx) => skipItems(tx, { triggerId, orgId, keys }));
  for (const _ of items) triggerMeters.delivered('poller', 'skipped');
}

const one = (header: string | string[] | undefined): string | null =>
  typeof header === 'string' ? header : null;

/** For whoever owns the trigger: nothing of the inside. */
function explain(thrown: unknown): string {
  if (thrown instanceof Fault && thrown.code === 'upstream.broken') {
    return `its answer has more than ${ANSWER_BYTES_MAX} bytes`;
  }
  if (thrown instanceof Fault) return thrown.detail;
  if (!(thrown instanceof Error)) return 'it could not be asked';
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.message;
}

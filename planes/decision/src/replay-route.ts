import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import { type OrganizationId, replayRun, type RunId } from '@sagewai/wire';

import { boundPage } from './bound-page.ts';
import { demandVisible } from './journal-routes.ts';
import type { JournalHead, OfRun, StepRow } from './journal.ts';
import { keepResult, openResults } from './keep-results.ts';
import type { DecisionParts } from './parts.ts';
import { beginJournal, findSeq, insertSteps, readHead, readSteps } from './steps.sql.ts';

const STEPS_PER_PAGE = 500;

/** Runs again what a run has done, from a step on, as another run. */
export function replayRoute(parts: DecisionParts): Route {
  return implement(replayRun, async ({ tx, params, body, caller, orgId, audit }) => {
    const source = params.run_id as RunId;
    audit.about(`run:${source}`, { from: body.from ?? null });
    const head = demandVisible(caller, source, await readHead(tx, source));
    const until = body.from === undefined ? 0n : await seqOf(tx, source, body.from);
    const repeated = found(
      await parts.repeat(tx, {
        runId: source,
        orgId,
        actor: nameActor(caller),
        payloadOf: (payload) => edited(payload, body.input),
      }),
      'What the run was given cannot be read any more.',
    );
    const to = { orgId, projectId: head.projectId, runId: repeated.runId };
    const steps = until === 0n ? 0 : await copySteps(parts, tx, { source, until, to });
    await beginJournal(tx, to, { ...beginningOf(head), change: steps, replayOf: source });
    return { id: to.runId, replay_of: source, steps };
  });
}

const beginningOf = ({ format, seed, startedAt }: JournalHead) => ({ format, seed, startedAt });

/** Of a workflow, its input alone is replaced. */
function edited(payload: object, input: unknown): Record<string, unknown> {
  if (input === undefined) return { ...payload };
  if ('workflow' in payload && typeof payload.workflow === 'string') return { ...payload, input };
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return { ...input };
  throw new Fault('request.invalid', 'a payload is replaced by what is none', {
    detail:
      'The run is of the built-in workflow: input replaces its payload, and must be an object.',
  });
}

async function seqOf(tx: Tx, runId: RunId, from: string): Promise<bigint> {
  const [, name = from, ordinal = '0'] = /^(.*)#(\d{1,6})$/.exec(from) ?? [];
  const seq = await findSeq(tx, { runId, name, ordinal: Number(ordinal) });
  return found(seq, `The run has no step ${name}#${ordinal}.`);
}

/** What had finished and was asked for before that step, as the new run keeps it (D4, D5). */
async function copySteps(
  parts: DecisionParts,
  tx: Tx,
  { source, until, to }: { readonly source: RunId; readonly until: bigint; readonly to: OfRun },
): Promise<number> {
  let copied = 0;
  let after = 0n;
  for (;;) {
    const rows = await readSteps(tx, { runId: source, after, limit: STEPS_PER_PAGE });
    const page = boundPage(rows, parts.settings.pageBytesMax);
    const last = page.at(-1);
    if (last === undefined) return copied;
    after = last.change;
    const before = page.filter(
      ({ seq, state }) => seq < until && (state === 'completed' || state === 'failed'),
    );
    copied += await copyPage(parts, tx, { orgId: to.orgId, source, to, from: copied }, before);
  }
}

async function copyPage(
  parts: DecisionParts,
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly source: RunId;
    readonly to: OfRun;
    readonly from: number;
  },
  rows: readonly StepRow[],
): Promise<number> {
  if (rows.length === 0) return 0;
  const { orgId, source, to, from } = of;
  const opened = await openResults(parts, { orgId, runId: source, tx }, rows);
  const steps = await Promise.all(
    opened.map(async (row) => {
      const result = row.state === 'completed' ? JSON.stringify(row.result) : null;
      return { ...row, ...(await keepResult(parts, to, { result, error: row.error })) };
    }),
  );
  await insertSteps(tx, to, { steps, from });
  return steps.length;
}

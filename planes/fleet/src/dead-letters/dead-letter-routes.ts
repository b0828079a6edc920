import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Statement, Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  canonicalModel,
  cancelRuns,
  discardDeadLetter,
  discardDeadLetters,
  getDeadLetter,
  getOperation,
  listDeadLetters,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  redriveDeadLetter,
  redriveDeadLetters,
  type RunId,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { ANY_MODEL } from '../runs/run.ts';
import { openContents } from '../secrecy/open-contents.ts';
import {
  beginOperation,
  type BulkKind,
  findOperation,
  livingRuns,
  previewRuns,
} from './bulk-operations.sql.ts';
import {
  type DeadLetterFilter,
  type DeadLetterRow,
  discardDeadLetters as discard,
  findDeadLetter,
  listDeadLetters as readDeadLetters,
  openDeadLetters,
} from './dead-letters.sql.ts';
import { redrive } from './redrive.ts';

const PER_PAGE = 50;
const SAMPLE = 10;
const NONE = 'There is no such dead letter.';

interface WireFilter {
  readonly project?: string;
  readonly pool?: string;
  readonly model?: string;
  readonly error_class?: string;
  readonly older_than_seconds?: number;
}

interface Within {
  readonly orgId: OrganizationId;
  readonly caller: Caller;
}

/** What died, and what is done to many runs at once. */
export function deadLetterRoutes(parts: FleetParts): Route[] {
  const { settings } = parts;

  const begin = async (
    tx: Tx,
    { orgId, caller }: Within,
    asked: {
      readonly kind: BulkKind;
      readonly filter: WireFilter;
      readonly dryRun: boolean;
      readonly runs: Statement<unknown>;
    },
  ): Promise<OutputOf<typeof redriveDeadLetters>> => {
    const { kind, filter, dryRun, runs } = asked;
    const max = settings.bulkRunsMax;
    const preview = await previewRuns(tx, runs, { count: max + 1, sample: SAMPLE });
    const more = preview.count > max;
    const told = { count: Math.min(preview.count, max), more, sample: preview.sample };
    if (dryRun) return { ...told, operation_id: null };
    const id = newId();
    const actor = nameActor(caller);
    const count = await beginOperation(tx, { id, orgId, kind, filter, actor, runs, max });
    return { ...told, count, operation_id: id };
  };

  const demandOpened = async (tx: Tx, caller: Caller, runId: string) => {
    const row = await demand(tx, caller, runId);
    const [opened] = await openContents(parts.contentKeys, { orgId: row.orgId, tx }, [row]);
    return opened ?? row;
  };
  return [
    implement(listDeadLetters, async ({ tx, orgId, caller, query }) => {
      const limit = query.limit ?? PER_PAGE;
      const rows = await readDeadLetters(tx, {
        orgId,
        filter: await filterOf(tx, { orgId, caller }, query),
        all: query.all ?? false,
        cursor: query.cursor as RunId | undefined,
        limit,
      });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const opened = await openContents(parts.contentKeys, { orgId, tx }, rows);
      return { dead_letters: opened.map(toWire), next_cursor: last?.runId ?? null };
    }),

    implement(getDeadLetter, async ({ tx, caller, params }) =>
      toWire(await demandOpened(tx, caller, params.run_id)),
    ),

    implement(redriveDeadLetter, async ({ tx, caller, params, audit }) => {
      const { runId, discardedAt } = await demand(tx, caller, params.run_id);
      const made = await redrive(parts, tx, { runIds: [runId], actor: nameActor(caller) });
      const created = made.get(runId);
      const by = created ?? (await demand(tx, caller, runId)).redrivenBy;
      if (by === null) {
        const why =
          discardedAt === null
            ? 'Its run is no longer kept, its payload cannot be read, or its project is being deleted.'
            : 'It was discarded.';
        throw new Fault('state.conflict', `dead letter ${runId} cannot be redriven`, {
          detail: why,
        });
      }
      audit.about(`run:${runId}`, { redriven_by: by });
      return { run_id: by, redrive_of: runId, created: created !== undefined };
    }),

    implement(
      discardDeadLetter,
      async ({ tx, caller, params, audit }): Promise<OutputOf<typeof discardDeadLetter>> => {
        const { runId, redrivenBy } = await demand(tx, caller, params.run_id);
        audit.about(`run:${runId}`);
        if ((await discard(tx, [runId])).length === 0 && redrivenBy !== null) {
          throw new Fault('state.conflict', `dead letter ${runId} was redriven`, {
            detail: 'It was redriven before.',
          });
        }
        return { run_id: runId, discarded: true };
      },
    ),

    implement(redriveDeadLetters, async ({ tx, orgId, caller, body, audit }) => {
      const filter = await filterOf(tx, { orgId, caller }, body.filter);
      audit.about('dead letters', { ...body.filter, dry_run: body.dry_run ?? false });
      const runs = openDeadLetters(orgId, filter);
      const dryRun = body.dry_run ?? false;
      return begin(tx, { orgId, caller }, { kind: 'redrive', filter: body.filter, dryRun, runs });
    }),

    implement(discardDeadLetters, async ({ tx, orgId, caller, body, audit }) => {
      const filter = await filterOf(tx, { orgId, caller }, body.filter);
      audit.about('dead letters', { ...body.filter, dry_run: body.dry_run ?? false });
      const runs = openDeadLetters(orgId, filter);
      const dryRun = body.dry_run ?? false;
      return begin(tx, { orgId, caller }, { kind: 'discard', filter: body.filter, dryRun, runs });
    }),

    implement(cancelRuns, async ({ tx, orgId, caller, body, audit }) => {
      const { state } = body.filter;
      const filter = await filterOf(tx, { orgId, caller }, body.filter);
      audit.about('runs', { ...body.filter, dry_run: body.dry_run ?? false });
      const runs = livingRuns({ ...filter, orgId, state });
      const dryRun = body.dry_run ?? false;
      return begin(tx, { orgId, caller }, { kind: 'cancel', filter: body.filter, dryRun, runs });
    }),

    implement(getOperation, async ({ tx, params }): Promise<OutputOf<typeof getOperation>> => {
      const row = await findOperation(tx, params.operation_id);
      const operation = found(row, 'There is no such operation.');
      return {
        id: operation.id,
        kind: operation.kind,
        state: operation.finishedAt === null ? 'running' : 'done',
        total: operation.total,
        done: operation.done,
        skipped: operation.skipped,
        created_at: operation.createdAt.toISOString(),
        finished_at: operation.finishedAt?.toISOString() ?? null,
      };
    }),
  ];
}

/** A token that is bound to a project reaches that one alone. */
async function filterOf(
  tx: Tx,
  { orgId, caller }: Within,
  filter: WireFilter,
): Promise<DeadLetterFilter> {
  const bound = boundProject(caller);
  let projectId: ProjectId | null = bound;
  if (filter.project !== undefined) {
    const project = await findProject(tx, orgId, filter.project);
    const within = bound === null || project?.id === bound ? project : null;
    projectId = found(within, 'There is no such project.', 'project.missing').id;
  }
  return {
    projectId,
    pool: filter.pool,
    model: filter.model === undefined ? undefined : canonicalModel(filter.model),
    errorClass: filter.error_class,
    olderThanSeconds: filter.older_than_seconds,
  };
}

async function demand(tx: Tx, caller: Caller, runId: string): Promise<DeadLetterRow> {
  const row = await findDeadLetter(tx, runId as RunId);
  const bound = boundProject(caller);
  return found(bound === null || row?.projectId === bound ? row : null, NONE);
}

function toWire(row: DeadLetterRow): OutputOf<typeof getDeadLetter> {
  return {
    run_id: row.runId,
    project_id: row.projectId,
    pool: row.pool,
    model: row.model === ANY_MODEL ? null : row.model,
    cause: row.cause,
    error: row.error,
    error_class: row.errorClass,
    attempts: row.attempts,
    died_at: row.diedAt.toISOString(),
    redriven_by: row.redrivenBy,
    discarded_at: row.discardedAt?.toISOString() ?? null,
  };
}

import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, leaseOf } from '@sagewai/identity';
import { type SpendTotals, sumSpendByRun } from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';
import {
  formatUsd,
  listChildren,
  listTaskChildren,
  type OrganizationId,
  type OutputOf,
  type RunId,
} from '@sagewai/wire';

import { boundAnswer } from '../dispatch/bound-answer.ts';
import { readLarge } from '../objects/read-large.ts';
import type { FleetParts } from '../parts.ts';
import { openContents } from '../secrecy/open-contents.ts';
import { listChildIds, readTree } from './children.sql.ts';
import { findProjectOf, readRuns } from './runs.sql.ts';
import { toRun } from './to-wire.ts';

type Answer = OutputOf<typeof listChildren>;

interface Asked {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
  readonly runId: RunId;
  readonly query: { readonly tree?: boolean; readonly limit?: number; readonly cursor?: string };
}

const PER_PAGE = 200;
const NO_SUCH_RUN = 'There is no such run.';

/** What was submitted under a run. */
export function childRoutes(parts: FleetParts): Route[] {
  return [
    implement(listChildren, ({ params, ...asked }) =>
      readChildren(parts, { ...asked, runId: params.run_id as RunId }),
    ),
    implement(listTaskChildren, ({ params, ...asked }) =>
      readChildren(parts, { ...asked, runId: params.run_id as RunId }),
    ),
  ];
}

async function readChildren(parts: FleetParts, asked: Asked): Promise<Answer> {
  const { contentKeys, largeContents, settings } = parts;
  const { tx, orgId, runId, query } = asked;
  await demandVisible(asked);
  const { tree = false, limit = PER_PAGE } = query;
  const cursor = query.cursor as RunId | undefined;
  const ids = await listChildIds(tx, { of: runId, tree, cursor, limit });
  const rows = await readRuns(tx, ids);
  // A page ends where it is large enough.
  const bytesOf = ({ runId: of, output }: (typeof rows)[number]): number =>
    output === null
      ? 0
      : largeContents.bytesOf({ orgId, runId: of, kind: 'output' }, JSON.stringify(output));
  const { fits, rest } = boundAnswer(rows, bytesOf, settings.answerBytesMax);
  const whole = await readLarge(largeContents, orgId, fits);
  const seen = await openContents(contentKeys, { orgId, tx }, whole);
  const members = await readTree(tx, runId);
  const all = [runId, ...members.map((member) => member.runId)];
  const spent = await sumSpendByRun(tx, { orgId, runIds: all });
  const isMore = rest.length > 0 || ids.length === limit;
  return {
    children: seen.map((row) => ({
      ...toRun(row),
      output: row.output,
      ...toSpent(spent.get(row.runId) ?? NOTHING),
    })),
    tree: {
      runs: all.length,
      unfinished: members.filter(({ isOver }) => !isOver).length,
      ...toSpent([...spent.values()].reduce(added, NOTHING)),
    },
    next_cursor: (isMore ? seen.at(-1)?.runId : null) ?? null,
  };
}

/** A run sees its own children; a token that is bound to a project, those of its runs. */
async function demandVisible({ tx, caller, runId }: Asked): Promise<void> {
  const lease = leaseOf(caller);
  if (lease !== null && lease.runId !== runId.toLowerCase()) {
    throw new Fault('caller.forbidden', 'a run asks for the children of another', {
      detail: 'A run token lists the children of its own run.',
    });
  }
  const projectId = await findProjectOf(tx, runId);
  const bound = boundProject(caller);
  found(bound === null || projectId === bound ? projectId : null, NO_SUCH_RUN);
}

type Spent = Omit<SpendTotals, 'unpricedCalls'>;

const NOTHING: Spent = {
  calls: 0,
  costPusd: 0n as Spent['costPusd'],
  inputTokens: 0n,
  outputTokens: 0n,
};

function added(sum: Spent, one: Spent): Spent {
  return {
    calls: sum.calls + one.calls,
    costPusd: (BigInt(sum.costPusd) + BigInt(one.costPusd)) as Spent['costPusd'],
    inputTokens: BigInt(sum.inputTokens) + BigInt(one.inputTokens),
    outputTokens: BigInt(sum.outputTokens) + BigInt(one.outputTokens),
  };
}

function toSpent({ costPusd, inputTokens, outputTokens, calls }: Spent) {
  return {
    cost_usd: formatUsd(BigInt(costPusd)),
    input_tokens: Number(inputTokens),
    output_tokens: Number(outputTokens),
    calls,
  };
}

import { verifyChain } from '@sagewai/verify';
import type { ChainEntry } from '@sagewai/wire';
import pg from 'pg';

import type { FinalState } from './event.ts';
import { readFleetState } from './read-fleet-state.ts';
import { readSlidingWindows } from './read-sliding-windows.ts';

/** Everything that the checker looks at, by the superuser, whom no policy binds. */
export async function readFinalState(adminUrl: string): Promise<FinalState> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return {
      outcomes: await read(client, OUTCOMES),
      unfinished: (await read<{ runId: string }>(client, UNFINISHED)).map(({ runId }) => runId),
      spend: (await read<Raw<SpendRow, 'costPico'>>(client, SPEND)).map((row) => ({
        ...row,
        costPico: BigInt(row.costPico),
      })),
      budgets: (await read<Raw<BudgetRow, BudgetAmount>>(client, BUDGETS)).map((row) => ({
        scope: row.scope,
        limitPico: BigInt(row.limitPico),
        settledPico: BigInt(row.settledPico),
        reservedPico: BigInt(row.reservedPico),
        spentPico: BigInt(row.spentPico),
      })),
      heldBack: (await read<FinalState['heldBack']>(client, HELD_BACK))[0] ?? {
        calls: 0,
        holdings: 0,
      },
      lostKeys: (await read<{ keyId: string }>(client, LOST_KEYS)).map(({ keyId }) => keyId),
      slidingWindows: await readSlidingWindows((text) => read(client, text)),
      ledgerMismatches: (await read<{ mismatch: string }>(client, MISMATCHES)).map(
        ({ mismatch }) => mismatch,
      ),
      brokenChains: await readBrokenChains(client),
      ...(await readFleetState((text) => read(client, text))),
    };
  } finally {
    await client.end();
  }
}

/** What still moves: runs without an outcome, calls that nobody has settled, shares that are out. */
export async function countUnsettled(adminUrl: string): Promise<{ runs: number; calls: number }> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const [counted] = await read<{ runs: number; calls: number }>(
      client,
      `select (select count(*)::int from run r
               where not exists (select from outcome o where o.run_id = r.run_id)) as runs,
              (select count(*)::int from reservation)
                + (select count(*)::int from holding) as calls`,
    );
    return counted ?? { runs: 0, calls: 0 };
  } finally {
    await client.end();
  }
}

type SpendRow = FinalState['spend'][number];
type BudgetRow = FinalState['budgets'][number];
type BudgetAmount = 'limitPico' | 'settledPico' | 'reservedPico' | 'spentPico';
/** The driver gives int8 and numeric as text. */
type Raw<Row, Big extends keyof Row> = Omit<Row, Big> & Record<Big, string>;

const OUTCOMES = `
  select run_id as "runId", epoch::float8 as epoch, status, output->>'said' as output from outcome`;

const UNFINISHED = `
  select run_id as "runId" from run r
  where not exists (select from outcome o where o.run_id = r.run_id)`;

const SPEND = `
  select id as "callId", (array_agg(key_id))[1] as "keyId", sum(cost_pusd)::text as "costPico",
         sum(output_tokens)::float8 as "outputTokens",
         (array_agg(usage_source order by entry desc))[1] as source,
         count(*) filter (where entry = 0)::int as settlements,
         coalesce(bool_or(entry = 0 and status = 'expired' and cost_pusd <> reserved_pusd), false)
           or (max(entry) = 1 and not coalesce(bool_or(entry = 0 and status = 'expired'), false))
           as "isWrong"
  from spend group by id`;

const HELD_BACK = `
  select (select count(*)::int from reservation) as calls,
         (select count(*)::int from holding) as holdings`;

const LOST_KEYS = `select distinct scope_id as "keyId" from lost_share where scope_kind = 'key'`;

const BUDGETS = `
  select b.scope_kind || ' ' || b.scope_id as scope, b.limit_amount::text as "limitPico",
         b.settled::text as "settledPico", b.reserved::text as "reservedPico",
         (coalesce((select sum(s.cost_pusd) from spend s
                   where in_scope(b.scope_kind, b.scope_id, s.org_id, s.project_id, s.key_id, s.team_id,
                                  s.person_id)
                     and s.started_at >= b.opened_at), 0)
           -- Shares whose holder was killed: spent, for all that is known.
           + coalesce((select sum(l.amount) from lost_share l
                       where l.org_id = b.org_id and l.scope_kind = b.scope_kind
                         and l.scope_id = b.scope_id and l.measure = b.measure and l.period = b.period
                         and l.charged_at >= b.opened_at), 0))::text as "spentPico"
  from budget b where b.measure = 'cost' and b.period = 'day'`;

const MISMATCHES = `
  select format('%s %s %s a %s: kept %s + %s, rows say %s + %s', b.scope_kind, b.scope_id, b.measure,
                b.period, b.settled, b.reserved, d.settled, d.reserved) as mismatch
  from ledger_derive((select array_agg(id) from budget)) d join budget b on b.id = d.id
  where (b.settled, b.reserved) is distinct from (d.settled, d.reserved)
     or b.slots is distinct from d.slots`;

const ENTRIES = `
  select version::int as version, org_id as organization_id, seq::float8 as seq,
         audit_instant(recorded_at) as at, actor, action, subject, outcome, request_id, details,
         encode(previous_hash, 'hex') as previous_hash, encode(hash, 'hex') as hash
  from audit_entry where org_id = $1 order by seq`;

async function readBrokenChains(client: pg.Client): Promise<string[]> {
  const heads = await read<{ organization: string; seq: number; hash: string }>(
    client,
    `select org_id as organization, seq::float8 as seq, encode(hash, 'hex') as hash from audit_head`,
  );
  const broken: string[] = [];
  for (const { organization, ...head } of heads) {
    const entries = await read<ChainEntry>(client, ENTRIES, [organization]);
    const verdict = await verifyChain(entries, { organizationId: organization, head });
    if (verdict.kind === 'broken') broken.push(`${organization}: ${verdict.detail}`);
  }
  return broken;
}

async function read<Row extends object>(
  client: pg.Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  return (await client.query<Row & pg.QueryResultRow>(text, [...values])).rows;
}

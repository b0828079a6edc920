import { type Db, sql } from '@sagewai/postgres';

interface SpendRow {
  readonly id: string;
  readonly cost: bigint;
  readonly source: string;
  readonly status: string;
  readonly deployment: string;
}

export async function spendOf(owner: Db): Promise<SpendRow[]> {
  const { rows } = await sql<SpendRow>`
    select id, cost_pusd as cost, usage_source as source, status, deployment from spend order by at, id
  `.execute(owner);
  return rows;
}

interface WholeSpendRow extends SpendRow {
  readonly input: bigint;
  readonly cached: bigint;
  readonly written: bigint;
  readonly output: bigint;
  readonly session: string | null;
  readonly agent: string | null;
}

/** With its tokens, and whose call it was. */
export async function wholeSpendOf(
  owner: Db,
  orgId: string | null = null,
): Promise<WholeSpendRow[]> {
  const { rows } = await sql<WholeSpendRow>`
    select cost_pusd as cost, input_tokens as input, cached_input_tokens as cached,
           cache_write_tokens as written, output_tokens as output, usage_source as source, status,
           deployment, session_id as session, agent
    from spend where ${orgId}::uuid is null or org_id = ${orgId} order by at, id
  `.execute(owner);
  return rows;
}

/** The last calls, the oldest of them first. */
export async function latestSpendOf(owner: Db, count: number): Promise<SpendRow[]> {
  const rows = await spendOf(owner);
  return rows.slice(-count);
}

export async function openReservations(owner: Db, orgId: string | null = null): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from reservation where ${orgId}::uuid is null or org_id = ${orgId}
  `.execute(owner);
  return rows[0]?.n ?? -1;
}

/** For the next test of a file that shares its database: what calls left behind is gone. */
export async function forgetCalls(owner: Db): Promise<void> {
  await sql`
    with a as (delete from spend), b as (delete from reservation), c as (delete from call_slot)
    delete from routing_decision
  `.execute(owner);
}

interface DecisionRow {
  readonly id: string;
  readonly traceId: string | null;
  readonly failed: number;
  readonly decision: object;
}

export async function decisionsOf(owner: Db): Promise<DecisionRow[]> {
  const { rows } = await sql<DecisionRow>`
    select id, trace_id as "traceId", failed_attempts as failed, decision from routing_decision
    order by id
  `.execute(owner);
  return rows;
}

/** What was done, by the names of the endpoints; refusals are left out. */
export async function changesOf(owner: Db, orgId: string): Promise<string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from audit_entry where org_id = ${orgId} and outcome = 'ok' order by seq
  `.execute(owner);
  return rows.map(({ action }) => action);
}

interface TaggedCall {
  readonly id: string;
  /** What was held back for it. */
  readonly reserved: bigint;
}

/** The calls that have a tag, the oldest first. */
export async function taggedCalls(owner: Db, tag: string): Promise<TaggedCall[]> {
  const { rows } = await sql<TaggedCall>`
    select id, reserved_pusd as reserved from spend where ${tag} = any(tags) order by id
  `.execute(owner);
  return rows;
}

/** What servers hold of an organization's budgets of money. */
export async function heldInShares(owner: Db, orgId: string): Promise<bigint> {
  const { rows } = await sql<{ held: bigint }>`
    select coalesce(sum(s.amount), 0)::bigint as held
    from share s join budget b on b.id = s.budget_id where b.org_id = ${orgId} and b.measure = 'cost'
  `.execute(owner);
  return rows[0]?.held ?? 0n;
}

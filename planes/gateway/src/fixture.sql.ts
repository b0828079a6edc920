import { type Db, sql } from '@sagewai/postgres';

interface SpendRow {
  readonly cost: bigint;
  readonly source: string;
  readonly status: string;
  readonly deployment: string;
}

export async function spendOf(owner: Db): Promise<SpendRow[]> {
  const { rows } = await sql<SpendRow>`
    select cost_pusd as cost, usage_source as source, status, deployment from spend order by at, id
  `.execute(owner);
  return rows;
}

export async function openReservations(owner: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from reservation`.execute(
    owner,
  );
  return rows[0]?.n ?? -1;
}

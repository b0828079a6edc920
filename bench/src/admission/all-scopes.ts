import { Client } from 'pg';

import { createApi } from '../common/api.ts';
import type { Bench } from '../common/bench.ts';
import type { Server } from '../common/server.ts';
import type { Contender } from '../gateway/contender.ts';
import { startOurs } from '../gateway/our-gateway.ts';

const RATES = { tokens_per_minute: 100_000_000_000, requests_per_minute: 100_000_000 };
const LIMITS = { usd_per_day: '1000000', usd_per_month: '9000000', ...RATES };
const LITELLM = {
  max_budget: 1_000_000,
  budget_duration: '24h',
  tpm_limit: 100_000_000_000,
  rpm_limit: 100_000_000,
};

export interface Replicas {
  readonly contender: Contender;
  readonly servers: readonly [Server, ...Server[]];
}

/** Replicas on one database without Redis, and a key under limits of every scope that there is. */
export async function startReplicas(
  bench: Bench,
  of: {
    readonly name: string;
    readonly upstreamUrl: string;
    readonly count: number;
    readonly shares: boolean;
  },
): Promise<Replicas> {
  const ours = await startOurs(bench, of.name, of.upstreamUrl, {
    count: of.count,
    environment: { LEDGER_SHARES: String(of.shares) },
  });
  const [server] = ours.servers;
  const api = createApi(server.url, server.administrator);
  try {
    await api.post('/team/new', { team_id: 'bench', ...LITELLM });
    await api.post('/user/new', { user_id: 'bench', auto_create_key: false, ...LITELLM });
    const made = { team_id: 'bench', user_id: 'bench', key_alias: 'all-scopes', ...LITELLM };
    const { key } = (await api.post('/key/generate', made)) as { key: string };
    const { org, project } = await findPlace(server.postgres.adminUrl);
    await api.put(`/api/v1/budgets/organization/${org}`, LIMITS);
    await api.put(`/api/v1/budgets/project/${project}`, LIMITS);
    return {
      ...ours,
      contender: { ...ours.contender, headers: { authorization: `Bearer ${key}` } },
    };
  } finally {
    await api.close();
  }
}

/** How many budgets are above a call. */
export async function countBudgets(databaseUrl: string): Promise<number> {
  return withDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from budget');
    return rows[0]?.n ?? 0;
  });
}

const findPlace = (databaseUrl: string): Promise<{ org: string; project: string }> =>
  withDatabase(databaseUrl, async (client) => {
    const { rows } = await client.query<{ org: string; project: string }>(
      'select org_id as org, id as project from project where deleted_at is null limit 1',
    );
    const [row] = rows;
    if (row === undefined) throw new Error('there is no project');
    return row;
  });

export async function withDatabase<T>(
  databaseUrl: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

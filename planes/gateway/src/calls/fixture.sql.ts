import { type ServerResponse } from 'node:http';

import { type Db, sql } from '@sagewai/postgres';
import {
  fileDatabaseTest,
  type HeldTransaction,
  holdTransaction,
  makeTenant,
  type Tenant,
} from '@sagewai/testing';
import { expect } from 'vitest';

import { forgetCalls } from '../fixture.sql.ts';
import { type GatewayConfig } from '../gateway-config.ts';
import {
  deploymentAt,
  type FakeUpstream,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';

interface World {
  readonly upstream: FakeUpstream;
  readonly tenant: Tenant;
  readonly start: (
    changes?: Partial<GatewayConfig> & Record<string, unknown>,
  ) => Promise<RunningGateway>;
}

export const hotPathTest = fileDatabaseTest.extend<World>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  upstream: async ({}, use) => {
    const upstream = await startFakeUpstream();
    await use(upstream);
    await upstream.close();
  },
  tenant: async ({ db, owner }, use) => {
    await forgetCalls(owner);
    await use(await makeTenant(db));
  },
  start: async ({ db, upstream }, use) => {
    const running: RunningGateway[] = [];
    await use(async (changes = {}) => {
      const gateway = await startGateway(db, {
        deployments: [deploymentAt(upstream.url)],
        ...changes,
      });
      running.push(gateway);
      return gateway;
    });
    await Promise.all(running.map((gateway) => gateway.close()));
  },
});

export const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream-2026',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'hi', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    prompt_tokens_details: { cached_tokens: 4 },
  },
};
export const COST = 6n * 1_000n + 4n * 100n + 5n * 10_000n;

export function answerJson(
  reply: ServerResponse,
  body: object | string = ANSWER,
  status = 200,
): void {
  reply.writeHead(status, {
    'content-type': 'application/json',
    'x-upstream': 'yes',
    'set-cookie': 'a=b',
  });
  reply.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })}\n\n`;
export const USAGE_EVENT = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } })}\n\n`;
export const DONE = 'data: [DONE]\n\n';
export const STREAM_COST = 10n * 1_000n + 5n * 10_000n;

export function answerEvents(reply: ServerResponse, events: readonly string[]): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) reply.write(event);
  reply.end();
}

export interface SpendRow {
  cost: bigint;
  input: bigint;
  output: bigint;
  source: string;
  status: string;
  known: boolean;
  deployment: string;
}

export async function spendOf(owner: Db): Promise<SpendRow[]> {
  const { rows } = await sql<SpendRow>`
    select cost_pusd as cost, input_tokens as input, output_tokens as output, usage_source as source,
           status, price_known as known, deployment
    from spend order by id
  `.execute(owner);
  return rows;
}

export async function reservations(owner: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from reservation`.execute(
    owner,
  );
  return rows[0]?.n ?? -1;
}

/** Locks every budget of the tenant: what settles waits until it is let go. */
export function lockBudgets(db: Db, { orgId }: Tenant): Promise<HeldTransaction<unknown>> {
  return holdTransaction(db, [orgId], (tx) => sql`select id from budget for update`.execute(tx));
}

/** Waits for what happens after the client has gone. */
export async function settledSpend(owner: Db, rows = 1): Promise<SpendRow[]> {
  return expect
    .poll(() => spendOf(owner), { timeout: 5_000, interval: 20 })
    .toHaveLength(rows)
    .then(() => spendOf(owner));
}

export const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
export const askStream = { ...ask, stream: true };

/** The value once it has stopped changing. */
export async function stable(read: () => number): Promise<number> {
  let last = -1;
  await expect
    .poll(
      () => {
        const isSame = read() === last;
        last = read();
        return isSame;
      },
      { timeout: 4_000, interval: 200 },
    )
    .toBe(true);
  return last;
}

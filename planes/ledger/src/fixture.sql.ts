/** What the tests of this plane share: calls with plain figures, and a database whose clock stands. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { type Db, type Executor, inTenant, sql } from '@sagewai/postgres';
import type { KeyId, OrganizationId, ProjectId, ReservationId } from '@sagewai/wire';

import type { Budget, Limits, ScopeKind } from './budget.ts';
import { UNLIMITED } from './budget.ts';
import { readBudgets, setBudgets } from './budgets.sql.ts';
import type { CallRequest, Settlement } from './call.ts';

export interface Account {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly keyId: KeyId;
  readonly teamId?: string;
  readonly personId?: string;
}

let made = 0;

/** A UUIDv7; one that is made later is larger. */
export function nextCallId(): ReservationId {
  const ms = Date.now().toString(16).padStart(12, '0');
  const counter = (made++ & 0xfff).toString(16).padStart(3, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${counter}-${randomUUID().slice(19)}` as ReservationId;
}

/** A call that reserves exactly `cost`: its input is free, and its output is one token at that price. */
export function callOf(
  account: Account,
  cost: bigint,
  changed: Partial<CallRequest> = {},
): CallRequest {
  return {
    ...account,
    id: nextCallId(),
    model: 'gpt-4o',
    deployment: 'openai/gpt-4o',
    price: { perCall: 0n, input: 0n, output: cost },
    inputTokensMax: 0,
    outputTokens: 1,
    mayCap: false,
    expiresInMs: 600_000,
    ...changed,
  };
}

/** A settlement of everything that the call may use. */
export function settlementOf(call: CallRequest, changed: Partial<Settlement> = {}): Settlement {
  const { price, inputTokensMax, outputTokens } = call;
  const cost = (price?.input ?? 0n) * BigInt(inputTokensMax);
  return {
    id: call.id,
    orgId: call.orgId,
    costPusd: (price?.perCall ?? 0n) + cost + (price?.output ?? 0n) * BigInt(outputTokens),
    inputTokens: inputTokensMax,
    outputTokens,
    usageSource: 'provider',
    status: 'ok',
    ...changed,
  };
}

export function limit(
  db: Db,
  account: Account,
  kind: ScopeKind,
  limits: Partial<Limits>,
): Promise<void> {
  return inTenant(db, [account.orgId], (tx) =>
    setBudgets(tx, scopeOf(account, kind), { ...UNLIMITED, ...limits }),
  );
}

export function budgetOf(db: Db, account: Account, kind: ScopeKind): Promise<Budget> {
  return inTenant(db, [account.orgId], (tx) => readBudgets(tx, scopeOf(account, kind)));
}

const scopeOf = (account: Account, kind: ScopeKind) => ({
  orgId: account.orgId,
  kind,
  id: {
    organization: account.orgId,
    project: account.projectId,
    team: account.teamId ?? '',
    person: account.personId ?? '',
    key: account.keyId,
    context: '',
    model: '',
    session: '',
    agent: '',
    tag: '',
    end_user: '',
  }[kind],
});

/** Stops the clock of a test's own database, and moves it by hand from then on. */
export async function stopClock(owner: Executor, at: string): Promise<void> {
  await sql`create table test_clock (at timestamptz not null)`.execute(owner);
  await sql`grant select on test_clock to public`.execute(owner);
  await sql`insert into test_clock values (${at}::timestamptz)`.execute(owner);
  await sql`
    create or replace function app_clock() returns timestamptz language sql volatile
    as $$ select at from public.test_clock $$
  `.execute(owner);
  await sql`
    create or replace function app_now() returns timestamptz language sql stable
    as $$ select at from public.test_clock $$
  `.execute(owner);
}

export async function setClock(owner: Executor, at: Date | string): Promise<void> {
  await sql`update test_clock set at = ${at}::timestamptz`.execute(owner);
}

const POLL_MS = 10;

/** Waits until what is booked is older than every transaction of the cluster: other tests have some. */
export async function untilEnded(dispatch: Executor): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ ended: boolean }>`
      select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > coalesce(max(booked_xid), 0) as ended
      from spend
    `.execute(dispatch);
    if (rows[0]?.ended === true) return;
    await delay(POLL_MS);
  }
}

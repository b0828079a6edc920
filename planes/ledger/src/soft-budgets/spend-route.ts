import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { type Caller, implementOwn, type Route } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import {
  formatUsd,
  type KeyId,
  type PicoUsd,
  recordSpend,
  reserveSpend,
  type RunId,
} from '@sagewai/wire';

import type { Ledger } from '../create-ledger.ts';
import { checkDeclaredId, declareSpend, newDeclaredId } from './declare-spend.ts';
import { projectOf } from './project-of.ts';
import { reserveDeclared } from './reserve-declared.ts';
import type { ProjectPlace } from './soft-limit.ts';
import { pusdOf } from './soft-to-wire.ts';

const MODEL_UNKNOWN = 'unknown';
/** As long as a call may take, unless it says otherwise. */
const EXPIRES_S = 600;

/** What agents spend past the gateway: reserved ahead, and booked; the ledger has transactions of its own. */
export function declareRoutes(of: {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly declaredPusdMax: PicoUsd;
}): Route[] {
  const { db, clock, declaredPusdMax } = of;
  const record = implementOwn(recordSpend, async ({ body, query, caller }) => {
    const { orgId, projectId } = await placeOf(db, caller, query.project);
    const declaredPusd = pusdOf(body.cost_usd);
    demandPlausible(declaredPusd, declaredPusdMax); // D2
    const id = body.id?.toLowerCase() ?? newDeclaredId(clock.now());
    checkDeclaredId(id, clock.now());
    const { kind, costPusd } = await declareSpend(of, {
      id,
      orgId,
      projectId,
      ...madeWith(caller),
      agent: body.agent_name,
      costPusd: declaredPusd,
      model: body.model ?? MODEL_UNKNOWN,
      provider: body.provider ?? null,
      inputTokens: body.input_tokens ?? 0,
      outputTokens: body.output_tokens ?? 0,
    });
    return { id, kind, cost_usd: formatUsd(costPusd) };
  });
  const reserve = implementOwn(reserveSpend, async ({ body, query, caller }) => {
    const { orgId, projectId } = await placeOf(db, caller, query.project);
    const pusdMax = pusdOf(body.cost_usd_max);
    demandPlausible(pusdMax, declaredPusdMax, '/cost_usd_max'); // D2
    const id = body.id?.toLowerCase() ?? newDeclaredId(clock.now());
    checkDeclaredId(id, clock.now());
    const held = await reserveDeclared(of, {
      id,
      orgId,
      projectId,
      ...madeWith(caller),
      agent: body.agent_name,
      pusdMax,
      model: body.model ?? MODEL_UNKNOWN,
      inputTokens: body.input_tokens_max ?? 0,
      outputTokens: body.output_tokens_max ?? 0,
      expiresInMs: (body.expires_in_s ?? EXPIRES_S) * 1_000,
    });
    return { id, expires_at: held.expiresAt.toISOString() };
  });
  return [record, reserve];
}

async function placeOf(db: Db, caller: Caller, named: string | undefined): Promise<ProjectPlace> {
  const { orgId } = caller;
  if (orgId === null) {
    throw new Fault('organization.required', 'the caller has no organization', {
      detail: 'Say which organization in the header X-Organization.',
    });
  }
  const projectId = await inTenant(db, [orgId], (tx) => projectOf(tx, { orgId, caller, named }));
  return { orgId, projectId };
}

/**
 * D2. What is declared is booked beyond hard limits, since it is spent: so whoever may declare could use up the money of all
 * at once. One call costs no more than the operator says that one can.
 */
function demandPlausible(costPusd: PicoUsd, most: PicoUsd, path = '/cost_usd'): void {
  if (costPusd <= most) return;
  throw new Fault('request.invalid', 'declared spend is more than one call can cost here', {
    detail: `One call costs $${formatUsd(most)} at most (DECLARED_SPEND_USD_MAX). Declare each call by itself.`,
    mistakes: [{ part: 'body', path, message: `must be at most ${formatUsd(most)}` }],
  });
}

/** Whose limits it counts in: those of the key or the run that the agent has. */
function madeWith({ kind, id }: Caller): { keyId: KeyId | null; runId: RunId | null } {
  return {
    keyId: kind === 'key' ? (id as KeyId) : null,
    runId: kind === 'run' ? (id as RunId) : null,
  };
}

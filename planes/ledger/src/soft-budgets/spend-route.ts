import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { type Caller, implementOwn, type Route } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import { formatUsd, type KeyId, recordSpend, type RunId } from '@sagewai/wire';

import type { Ledger } from '../create-ledger.ts';
import { checkDeclaredId, declareSpend, newDeclaredId } from './declare-spend.ts';
import { projectOf } from './project-of.ts';
import { pusdOf } from './soft-to-wire.ts';

const MODEL_UNKNOWN = 'unknown';

/** Books what agents spend past the gateway; the ledger has transactions of its own. */
export function declareRoute(of: {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
}): Route {
  const { db, clock } = of;
  return implementOwn(recordSpend, async ({ body, query, caller }) => {
    const { orgId } = caller;
    if (orgId === null) {
      throw new Fault('organization.required', 'the caller has no organization', {
        detail: 'Say which organization in the header X-Organization.',
      });
    }
    const projectId = await inTenant(db, [orgId], (tx) =>
      projectOf(tx, { orgId, caller, named: query.project }),
    );
    const id = body.id?.toLowerCase() ?? newDeclaredId(clock.now());
    checkDeclaredId(id, clock.now());
    const { kind, costPusd } = await declareSpend(of, {
      id,
      orgId,
      projectId,
      ...madeWith(caller),
      agent: body.agent_name,
      costPusd: pusdOf(body.cost_usd),
      model: body.model ?? MODEL_UNKNOWN,
      provider: body.provider ?? null,
      inputTokens: body.input_tokens ?? 0,
      outputTokens: body.output_tokens ?? 0,
    });
    return { id, kind, cost_usd: formatUsd(costPusd) };
  });
}

/** Whose limits it counts in: those of the key or the run that the agent has. */
function madeWith({ kind, id }: Caller): { keyId: KeyId | null; runId: RunId | null } {
  return {
    keyId: kind === 'key' ? (id as KeyId) : null,
    runId: kind === 'run' ? (id as RunId) : null,
  };
}

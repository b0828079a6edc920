import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Ledger, Refusal } from '@sagewai/ledger';
import {
  formatUsd,
  type OrganizationId,
  type ProjectId,
  type ReservationId,
  type RunId,
} from '@sagewai/wire';

import { readContexts } from '../contexts/read-contexts.ts';
import { nameLimited } from '../facet-limits/name-limited.ts';
import { readEndUser } from '../facet-limits/read-end-user.ts';
import type { PriceCeiling } from '../money/price.ts';
import { noteRoute } from '../routing/note-route.ts';
import type { Trail } from '../routing/trail.ts';
import type { AdmittedCall } from './admitted-call.ts';
import { readOrigin, tagsOf } from './call-origin.ts';
import type { DecidedCall } from './decide-call.ts';
import { priceOutcome, type SettleCall } from './settle-call.ts';

/**
 * Reserves what the call can cost at most (M1); resolves when that is durable (M2). A call that the
 * money or a rate does not allow is a Fault, and has consumed nothing (M7).
 */
export async function reserveCall(
  ledger: Pick<Ledger, 'reserve'>,
  call: DecidedCall,
  of: { readonly trail: Trail; readonly expiresInMs: number; readonly isLasting?: boolean },
): Promise<AdmittedCall> {
  const { trail, expiresInMs, isLasting = false } = of;
  const { input, caller, group, bounds } = call;
  const { orgId, projectId } = tenantOf(call);
  const id = newId<ReservationId>();
  const [first] = group.deployments;
  const reservation = await ledger.reserve({
    id,
    orgId,
    projectId,
    keyId: caller.keyId,
    teamId: caller.policy?.teamId ?? null,
    personId: caller.policy?.personId ?? null,
    tags: tagsOf(caller.policy?.tags ?? [], input.request.headers),
    runId: caller.runId as RunId | null,
    model: group.model,
    deployment: first?.id ?? group.model,
    price: group.isPriced ? ceilingFor(call) : null,
    inputTokensMax: bounds.inputMax,
    outputTokens: bounds.outputMax,
    mayCap: bounds.mayCap,
    expiresInMs,
    isLasting,
    ...readOrigin(input.request.headers),
    endUser: readEndUser(input.request.headers, input.body),
    contexts: readContexts(input.request.headers),
    onOutage: caller.policy?.onOutage,
  });
  if (reservation.kind === 'refused') throw toRefusal(reservation);
  const { format, asked, fields, tier, budget, sealed } = call;
  const granted = reservation.outputTokens;
  const decided = { input, format, asked, fields, group, bounds, tier, budget, sealed };
  const { isDuringOutage } = reservation;
  return { reservationId: id, orgId, ...decided, granted, trail, isDuringOutage };
}

export function createSettle(ledger: Pick<Ledger, 'settle'>, noted: 'choices' | 'all'): SettleCall {
  return async (call, outcome) => {
    const { usage, deployment, source, status } = outcome;
    const costPusd = priceOutcome(outcome);
    const settled = await ledger.settle({
      id: call.reservationId,
      orgId: call.orgId,
      costPusd,
      inputTokens: usage.input,
      cachedInputTokens: usage.cachedInput,
      cacheWriteTokens: usage.cacheWrite,
      outputTokens: usage.output,
      usageSource: source,
      status,
      deployment: deployment.id,
      provider: deployment.endpoint.provider,
      routing: noteRoute(call, deployment, noted),
    });
    if (settled.kind === 'unknown') throw new Error(`no reservation ${call.reservationId}`);
    return { cost: costPusd === null ? null : settled.costPusd };
  };
}

function ceilingFor({ asked, group, bounds }: DecidedCall): PriceCeiling {
  const of = bounds.inputMax <= group.firstTier.inputTokensMax ? group.firstTier : group;
  const ceiling = asked.keepsHour ? of.ceilingHour : of.ceiling;
  if (bounds.feesMax === 0n) return ceiling;
  return { ...ceiling, perCall: ceiling.perCall + bounds.feesMax };
}

function tenantOf({ input }: DecidedCall): { orgId: OrganizationId; projectId: ProjectId } {
  const { orgId, projectId } = input.caller;
  if (orgId === null || projectId === null) throw new Error('a model caller without a project');
  return { orgId, projectId };
}

/** In the words that clients of LiteLLM match. */
export function toRefusal(refusal: Refusal): Fault {
  const { because, period, limit, used, retryAfterMs, scope } = refusal;
  const again = retryAfterMs === null ? {} : { retryAfterMs };
  const at = `${because} limit of ${scope.kind} ${scope.id}`;
  const { name, until } = nameLimited(scope, { period, retryAfterMs });
  if (because === 'cost') {
    const sums = `Current cost: ${formatUsd(used)}, Max budget: ${formatUsd(limit)}`;
    const why = used < limit ? '; what is left is less than this call can cost' : '';
    const detail = `Budget has been exceeded! ${sums} (of ${name})${why}${until}`;
    return new Fault('budget.exceeded', at, { detail, ...again });
  }
  if (scope.kind === 'end_user' && because === 'requests' && limit === 0n) {
    // Asking again does not help, as it does for any other limit of requests.
    const detail = `Calls for ${name} are blocked.`;
    return new Fault('caller.forbidden', `blocked: ${at}`, { detail });
  }
  const detail = `Rate limit reached: ${used} of ${limit} ${because} per minute of ${name} are in use.`;
  return new Fault('rate.exceeded', at, { detail, ...again });
}

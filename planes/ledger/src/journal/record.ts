/**
 * What a journal keeps of a settlement: what the database needs to book it, whether its call is still in
 * a share, has become a reservation, or was booked as lost. Ids, labels, tokens and money; nothing that
 * was said, and no secret.
 */
import type { Settlement } from '../call.ts';
import type { ChargedCall, LateSettlement } from '../shares/charged-call.ts';
import type { OpenCall } from '../shares/share.ts';

/** A value a position; money in decimal digits, since JSON has no integers of that size. */
type Fields = readonly [
  holding: string,
  request: ChargedCall['request'],
  day: string,
  admittedAtMs: number,
  amountPusd: string,
  tokens: number,
  settlement: Omit<Settlement, 'costPusd'>,
  costPusd: string | null,
];

export function recordOf(call: OpenCall, settlement: Settlement, admittedAtMs: number): string {
  const { request, holding, day, amountPusd, needs } = call;
  const { costPusd, ...rest } = settlement;
  const fields: Fields = [
    holding.id,
    {
      id: request.id,
      orgId: request.orgId,
      projectId: request.projectId,
      keyId: request.keyId ?? null,
      teamId: request.teamId ?? null,
      personId: request.personId ?? null,
      runId: request.runId ?? null,
      model: request.model,
      deployment: request.deployment,
      sessionId: request.sessionId ?? null,
      agent: request.agent ?? null,
      tags: request.tags ?? [],
    },
    day,
    admittedAtMs,
    String(amountPusd),
    needs[1],
    rest,
    costPusd === null ? null : String(costPusd),
  ];
  return JSON.stringify(fields);
}

export function readRecord(line: string, nowMs: number): LateSettlement {
  const [holding, request, day, admittedAtMs, amountPusd, tokens, rest, costPusd] = JSON.parse(
    line,
  ) as Fields;
  return {
    call: {
      holding: { id: holding },
      request,
      day,
      amountPusd: BigInt(amountPusd),
      needs: [0, tokens, 1],
    },
    settlement: { ...rest, costPusd: costPusd === null ? null : BigInt(costPusd) },
    // Of a clock that was put back: as if it had been admitted now.
    elapsedMs: Math.max(0, nowMs - admittedAtMs),
  };
}

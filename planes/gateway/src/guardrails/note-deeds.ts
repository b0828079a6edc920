import type { StreamInput } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import { appendAudit, nameActor } from '@sagewai/trust';

import type { Deed } from './verdict.ts';

// Of one caller, a minute: whoever is refused again and again does not fill the log.
const RECORDED_MAX = 60;
const MINUTE_MS = 60_000;

/** Counts what guardrails do, and records what they refuse: which rule, never the text (W5). */
export function createNoteDeeds(of: {
  readonly db: Db;
  readonly log: Log;
  readonly metrics: Metrics | undefined;
  readonly now: () => Date;
}): (input: StreamInput, deeds: readonly Deed[]) => Promise<void> {
  const counted = of.metrics?.counter({
    name: 'sagewai_guardrail_actions_total',
    help: 'What guardrails did about what they found, before a model was asked or after it had answered.',
    labels: ['guardrail', 'phase', 'did'],
  });
  let minute = 0;
  let recorded = new Map<string, number>();
  const mayRecord = (caller: string): boolean => {
    const now = Math.floor(of.now().getTime() / MINUTE_MS);
    if (now !== minute) {
      minute = now;
      recorded = new Map();
    }
    const count = (recorded.get(caller) ?? 0) + 1;
    recorded.set(caller, count);
    return count <= RECORDED_MAX;
  };
  return async ({ caller, request }, deeds) => {
    for (const { guardrail, phase, did } of deeds) {
      counted?.add({ guardrail: guardrail.name, phase, did });
    }
    const blocked = deeds.find(({ did }) => did === 'blocked');
    const { orgId } = caller;
    if (blocked === undefined || orgId === null || !mayRecord(caller.id)) return;
    const { guardrail, phase, what } = blocked;
    const entry = {
      orgId,
      actor: nameActor(caller),
      action: 'guardrail.blocked',
      subject: `guardrail:${guardrail.name}`,
      outcome: 'guardrail.blocked',
      requestId: request.id,
      details: {
        guardrail: guardrail.name,
        phase,
        found: what,
        project_id: caller.projectId ?? '',
      },
    };
    await inTenant(of.db, [orgId], (tx) => appendAudit(tx, entry)).catch((error: unknown) => {
      // The refusal stands whether or not it could be recorded.
      of.log.error('a refusal of a guardrail could not be recorded', {
        error,
        request_id: request.id,
      });
    });
  };
}

import type { RoutingNote } from '@sagewai/ledger';

import type { AdmittedCall } from '../admitted-call.ts';

// A header that somebody else made: what is kept of it must fit.
const NAME_LENGTH_MAX = 300;

/** What is kept of how a call found its way; null for one that had no choice. */
export function noteRoute(
  { trail, asked, group }: AdmittedCall,
  noted: 'choices' | 'all',
): RoutingNote | null {
  if (trail === undefined || (trail.isEmpty && noted === 'choices')) return null;
  const choice = trail.choices.at(-1);
  const decision = {
    requested_model: asked.model.slice(0, NAME_LENGTH_MAX),
    rules: trail.rules(group.model, asked.model),
    complexity: trail.tier ?? null,
    strategy: choice?.strategy ?? null,
    score: choice?.score !== undefined && Number.isFinite(choice.score) ? choice.score : null,
    candidates_refused: [
      ...trail.choices.flatMap(({ model, passed }) =>
        passed.map(({ id, because }) => ({ model, deployment: id, because })),
      ),
      ...trail.fallbacks.flatMap(({ model, refused }) =>
        refused === null ? [] : [{ model, deployment: null, because: refused }],
      ),
    ],
    attempts: trail.attempts.map(({ deployment, because, callId }) => ({
      deployment,
      because,
      call_id: callId,
    })),
  };
  return {
    fallbackIndex: trail.fallbackIndex,
    failedAttempts: trail.attempts.length,
    traceId: trail.trace?.traceId ?? null,
    decision: JSON.stringify(decision),
  };
}

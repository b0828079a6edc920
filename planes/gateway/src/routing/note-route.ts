import type { RoutingNote } from '@sagewai/ledger';

import type { AdmittedCall } from '../calls/admitted-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { modelProfile } from '../models/model-profile.ts';

// A header that somebody else made: what is kept of it must fit.
const NAME_LENGTH_MAX = 300;
// The table keeps no more (a_decision_is_short); a note must never be what a settlement fails by.
const DECISION_BYTES_MAX = 65_536;

/** What is kept of how a call found its way; null for one that had no choice. */
export function noteRoute(
  { trail, asked, group }: AdmittedCall,
  answered: Deployment,
  noted: 'choices' | 'all',
): RoutingNote | null {
  if (trail === undefined || (trail.isEmpty && noted === 'choices')) return null;
  const choice = trail.choices.at(-1);
  const decision = {
    requested_model: asked.model.slice(0, NAME_LENGTH_MAX),
    profile: modelProfile(answered),
    rules: trail.rules(group.model, asked.model),
    ...(trail.savedPusd === undefined ? {} : { saved_pusd: String(trail.savedPusd) }),
    ...(trail.classification === undefined ? {} : { data_classification: trail.classification }),
    complexity: trail.tier ?? null,
    strategy: choice?.strategy ?? null,
    score: choice?.score !== undefined && Number.isFinite(choice.score) ? choice.score : null,
    candidates_refused: [
      ...trail.dear.map(({ model, id }) => ({ model, deployment: id, because: 'dear' })),
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
    decision: shortest(decision),
  };
}

/** As a text that can be kept: what was passed over is left out where there is too much of it. */
function shortest(decision: Readonly<Record<string, unknown>>): string {
  const whole = JSON.stringify(decision);
  if (Buffer.byteLength(whole) <= DECISION_BYTES_MAX) return whole;
  return JSON.stringify({ ...decision, candidates_refused: [], attempts: [] });
}

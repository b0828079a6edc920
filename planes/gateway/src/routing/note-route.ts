import type { RoutingNote } from '@sagewai/ledger';

import type { AdmittedCall } from '../admitted-call.ts';

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const NO_TRACE = '0'.repeat(32);
// A header that somebody else made: what is kept of it must fit.
const NAME_LENGTH_MAX = 300;

/** What is kept of how a call found its way; null for one that had no choice. */
export function noteRoute(
  { trail, asked, group, input }: AdmittedCall,
  noted: 'choices' | 'all',
): RoutingNote | null {
  if (trail === undefined || (trail.isEmpty && noted === 'choices')) return null;
  const choice = trail.choices.at(-1);
  const decision = {
    requested_model: asked.model.slice(0, NAME_LENGTH_MAX),
    rules: trail.rules(group.model, asked.model),
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
    traceId: readTraceId(input.request.headers['traceparent']),
    decision: JSON.stringify(decision),
  };
}

function readTraceId(header: string | string[] | undefined): string | null {
  const id = typeof header === 'string' ? TRACE_PARENT.exec(header)?.[1] : undefined;
  return id === undefined || id === NO_TRACE ? null : id;
}

import { Fault } from '@sagewai/fault';

import type { Outcome } from './outcome.ts';

/** Before a byte was sent. */
const NEVER_ARRIVED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** What it means that a request ended without an answer. What was sent may have arrived (A3), and nothing else. */
export function judgeFailure(thrown: unknown, isSent = true): Outcome {
  if (thrown instanceof Fault && thrown.code === 'egress.refused') {
    return { kind: 'failed', error: 'refused', message: thrown.detail };
  }
  if (thrown instanceof Fault && thrown.code === 'upstream.broken') {
    return { kind: 'failed', error: 'oversized', message: 'the tool answers more than it may' };
  }
  const { name, code } = thrown as { readonly name?: unknown; readonly code?: unknown };
  if (typeof code === 'string' && NEVER_ARRIVED.has(code)) {
    return { kind: 'failed', error: 'unreachable', message: `the tool cannot be reached: ${code}` };
  }
  if (!isSent) {
    const why = typeof code === 'string' ? code : 'no connection';
    return {
      kind: 'failed',
      error: 'unreachable',
      message: `nothing was sent to the tool: ${why}`,
    };
  }
  if (name === 'TimeoutError' || name === 'AbortError') {
    return { kind: 'unknown', error: 'late', message: 'the tool did not answer in time' };
  }
  return { kind: 'unknown', error: 'cut', message: 'the connection to the tool broke' };
}

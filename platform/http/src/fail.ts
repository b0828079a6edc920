import { Fault } from '@sagewai/fault';
import { type AuditMode, type ProblemCode, PROBLEMS } from '@sagewai/wire';

import type { Exchange } from './exchange.ts';
import { nameFault } from './name-fault.ts';
import type { Pipeline } from './pipeline.ts';
import { sendFault } from './send.ts';

/** The one place that turns what was thrown into an audit entry, a log line and an answer. Never rejects. */
export async function fail(exchange: Exchange, pipeline: Pipeline, thrown: unknown): Promise<void> {
  const fault = isCancellation(exchange, thrown)
    ? new Fault('request.cancelled', 'the caller left', { cause: thrown })
    : nameFault(thrown);
  note(exchange, pipeline, fault);
  if (isAudited(exchange.endpoint.audit, fault.code)) await record(exchange, pipeline, fault.code);
  if (exchange.reply.headersSent) {
    // Half an answer is out: only a broken connection tells the caller that it is not whole.
    exchange.reply.destroy();
    return;
  }
  sendFault(exchange.reply, fault, {
    surface: exchange.endpoint.surface,
    requestId: exchange.id,
    isLast: pipeline.drain.isDraining,
  });
}

/** What the end of the caller's connection makes fail is neither our bug nor a database that is away. */
function isCancellation(exchange: Exchange, thrown: unknown): boolean {
  if (!exchange.isAbandoned || !(thrown instanceof Error)) return false;
  const { code } = thrown as { code?: unknown };
  return (
    thrown.name === 'AbortError' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
  );
}

/**
 * H5. Refusals are recorded everywhere; other failures where a success would have been, entry by entry.
 * Not while draining, nor when the database is away: nothing was attempted, and the entry would only
 * make its sender wait for the same failure.
 */
function isAudited(audit: AuditMode, code: ProblemCode): boolean {
  if (audit === 'skip' || code === 'service.draining' || code === 'service.unavailable')
    return false;
  const { status } = PROBLEMS[code];
  return status === 401 || status === 403 || audit === 'record';
}

async function record(exchange: Exchange, pipeline: Pipeline, code: ProblemCode): Promise<void> {
  const { kind, id } = exchange.caller;
  const admission = pipeline.refusals.admit(`${kind}:${id}`, pipeline.clock.monotonicMs());
  exchange.plan.meter.refused(code, admission.kind === 'record');
  if (admission.kind === 'suppress') return;
  try {
    await pipeline.auditor.refused(exchange.toRefusal(code, admission.suppressed));
  } catch (error) {
    // The refusal stands whether or not it could be recorded.
    pipeline.log.error('a refusal could not be recorded', { error, request_id: exchange.id });
  }
}

function note(exchange: Exchange, { log, faultLines, clock }: Pipeline, fault: Fault): void {
  if (PROBLEMS[fault.code].status < 500 || fault.code === 'service.draining') return;
  const { id } = exchange.endpoint;
  const admission = faultLines.admit(`${id} ${fault.code}`, clock.monotonicMs());
  if (admission.kind === 'suppress') return;
  const { suppressed } = admission;
  const fields = { error: fault, endpoint: id, request_id: exchange.id, suppressed };
  if (fault.code === 'service.broken')
    log.error('a request failed through a fault of ours', fields);
  else log.warn('a request failed', fields);
}

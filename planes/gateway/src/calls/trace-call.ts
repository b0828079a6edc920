import type { IncomingHttpHeaders } from 'node:http';

import { continueTrace, type Span, type TraceContext } from '@sagewai/telemetry';
import { formatUsd } from '@sagewai/wire';

import type { Trail } from '../routing/trail.ts';
import type { AdmittedCall, Settled } from './admitted-call.ts';
import type { Outcome, SettleCall } from './settle-call.ts';

/** The same, and a span of each call is recorded when it is settled, by the names of OpenTelemetry's GenAI. */
export function traced(settle: SettleCall, record: ((span: Span) => void) | undefined): SettleCall {
  if (record === undefined) return settle;
  return async (call, outcome) => {
    const settled = await settle(call, outcome);
    const { trail } = call;
    if (trail?.trace?.isSampled === true) record(spanOf(call, trail, { outcome, settled }));
    return settled;
  };
}

/** Which trace a call is of. Where nobody keeps its part, who is asked next goes on where the caller is. */
export function traceReader(
  record: ((span: Span) => void) | undefined,
): (headers: IncomingHttpHeaders) => TraceContext | null {
  return ({ traceparent }) => {
    const trace = continueTrace(traceparent as string | undefined, record !== undefined);
    const isKept = trace === null || record !== undefined || trace.parentSpanId === null;
    return isKept ? trace : { ...trace, spanId: trace.parentSpanId };
  };
}

function spanOf(
  call: AdmittedCall,
  trail: Trail,
  { outcome, settled }: { readonly outcome: Outcome; readonly settled: Settled },
): Span {
  const { deployment, usage, status, source, firstDataMs = 0 } = outcome;
  const { trace, startedMs, attempts } = trail;
  if (trace === null) throw new Error('a call of no trace has no span');
  const { endpoint } = deployment;
  const address = addressOf(endpoint.baseUrl);
  const { orgId, projectId } = call.input.caller;
  return {
    context: trace,
    name: `${call.format.operation} ${call.group.model}`,
    kind: 'client',
    startMs: performance.timeOrigin + startedMs,
    endMs: performance.timeOrigin + performance.now(),
    failure: status === 'error' ? (attempts.at(-1)?.because ?? 'error') : null,
    attributes: {
      'gen_ai.operation.name': call.format.operation,
      'gen_ai.provider.name': endpoint.provider,
      'gen_ai.request.model': call.asked.model,
      'gen_ai.response.model': deployment.upstreamModel,
      'gen_ai.request.max_tokens': call.granted,
      'gen_ai.usage.input_tokens': usage.input,
      'gen_ai.usage.output_tokens': usage.output,
      ...(status === 'error' ? { 'error.type': attempts.at(-1)?.because ?? '_OTHER' } : {}),
      'server.address': address?.hostname,
      'server.port': address?.port,
      'sagewai.call.id': call.reservationId,
      'sagewai.organization.id': orgId ?? undefined,
      'sagewai.project.id': projectId ?? undefined,
      'sagewai.deployment.id': deployment.id,
      'sagewai.attempts': attempts.length + 1,
      'sagewai.usage.source': source,
      'sagewai.status': status,
      // Exact; as a number it would not be.
      'sagewai.cost_usd': settled.cost === null ? undefined : formatUsd(settled.cost),
      'sagewai.first_token_ms': firstDataMs > 0 ? firstDataMs - startedMs : undefined,
      'sagewai.complexity.tier': call.tier?.tier,
    },
  };
}

/** Undefined for a provider that has no address. */
function addressOf(url: string): { hostname: string; port: number } | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === '') return undefined;
  const { hostname, port, protocol } = parsed;
  return { hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
}

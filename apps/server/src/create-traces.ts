import { randomUUID } from 'node:crypto';

import type { Egress } from '@sagewai/egress';
import type { Log } from '@sagewai/log';
import { createSpanExporter, type Metrics, type SpanExporter } from '@sagewai/telemetry';

import type { ServerConfig } from './config.ts';
import { readOtlpHeaders } from './read-otlp-headers.ts';

const ANSWER_TIMEOUT_MS = 10_000;

/** Sends spans to the collector that the operator named; null: none was. */
export function createTraces(of: {
  readonly config: ServerConfig;
  readonly egress: Egress;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly version: string;
}): SpanExporter | null {
  const { config, egress, log, metrics, version } = of;
  const endpoint = config.otelExporterOtlpEndpoint;
  if (endpoint === null) return null;
  const { pathname } = new URL(endpoint);
  const path = `${pathname.replace(/\/$/, '')}/v1/traces`;
  const given = config.otelExporterOtlpHeaders?.reveal() ?? '';
  const headers = { ...readOtlpHeaders(given), 'content-type': 'application/json' };
  return createSpanExporter({
    source: { service: config.otelServiceName, version, instance: randomUUID() },
    everyMs: config.otelBspScheduleDelay,
    closeMs: config.traceCloseTimeoutMs,
    metrics,
    onFailing: (error) =>
      log.warn('traces cannot be sent; they are dropped until they can', { error }),
    send: async (body) => {
      const answer = await egress.pool(endpoint).request({
        method: 'POST',
        path,
        headers,
        body,
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
      });
      await answer.body.dump();
      return answer.statusCode;
    },
  });
}

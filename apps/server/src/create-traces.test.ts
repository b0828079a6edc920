import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { readConfig } from '@sagewai/config';
import { createEgress } from '@sagewai/egress';
import { silentLog } from '@sagewai/log';
import { createMetrics } from '@sagewai/telemetry';
import { expect, onTestFinished, test } from 'vitest';

import { SERVER_FIELDS } from './config.ts';
import { createTraces } from './create-traces.ts';

interface Message {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function collector(): Promise<{ readonly url: string; readonly got: Message[] }> {
  const got: Message[] = [];
  const server = createServer((request, reply) => {
    void text(request).then((body) => {
      got.push({ url: request.url ?? '', headers: request.headers, body });
      reply.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/otlp/`, got };
}

const tracesOf = (environment: Record<string, string>) => {
  const config = readConfig(SERVER_FIELDS, {
    environment: { DATABASE_URL: 'postgresql://localhost/x', ...environment },
  });
  const named = config.otelExporterOtlpEndpoint;
  const egress = createEgress({ allowed: named === null ? [] : [named] });
  onTestFinished(() => egress.destroy());
  const metrics = createMetrics();
  return createTraces({ config, egress, metrics, log: silentLog, version: '1.2.3' });
};

test('spans reach the collector that the operator named, with its headers', async () => {
  const { url, got } = await collector();
  const traces = tracesOf({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20eA==',
    OTEL_SERVICE_NAME: 'mine',
  });
  const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null };
  traces?.record({
    context: { ...context, isSampled: true },
    name: 'chat m',
    kind: 'client',
    startMs: 1,
    endMs: 2,
    attributes: {},
    failure: null,
  });
  await traces?.close();
  expect(got).toMatchObject([
    {
      url: '/otlp/v1/traces',
      headers: { authorization: 'Basic eA==', 'content-type': 'application/json' },
    },
  ]);
  expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({
    resourceSpans: [
      {
        resource: {
          attributes: expect.arrayContaining([
            { key: 'service.name', value: { stringValue: 'mine' } },
            { key: 'service.version', value: { stringValue: '1.2.3' } },
          ]),
        },
        scopeSpans: [{ spans: [{ name: 'chat m', spanId: context.spanId }] }],
      },
    ],
  });
});

test('nobody is sent anything where no collector was named', () => {
  expect(tracesOf({})).toBeNull();
});

import { expect, test } from 'vitest';

import { createMetrics } from './create-metrics.ts';
import { createSpanExporter } from './span-exporter.ts';
import type { Span } from './span.ts';

const span = (name: string, of: Partial<Span> = {}): Span => ({
  context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null, isSampled: true },
  name,
  kind: 'client',
  startMs: 1_764_288_000_000.25,
  endMs: 1_764_288_000_001,
  attributes: {},
  failure: null,
  ...of,
});

const source = { service: 'sagewai', version: '1', instance: 'i' };

function exporter(send: (body: string) => Promise<number>, of: object = {}) {
  const metrics = createMetrics();
  const failures: unknown[] = [];
  const onFailing = (why: unknown): void => void failures.push(why);
  return {
    metrics,
    failures,
    made: createSpanExporter({
      source,
      send,
      everyMs: 60_000,
      closeMs: 5_000,
      metrics,
      onFailing,
      ...of,
    }),
  };
}

test('sends what OTLP asks for', async () => {
  const bodies: unknown[] = [];
  const { made, metrics } = exporter(async (body) => bodies.push(JSON.parse(body)) && 200);
  const attributes = { text: 'x', whole: 7, part: 0.5, yes: true, list: ['a'], none: undefined };
  made.record(span('chat m', { attributes, failure: 'late' }));
  await made.close();
  expect(bodies).toEqual([
    {
      resourceSpans: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { stringValue: 'sagewai' } },
              { key: 'service.version', value: { stringValue: '1' } },
              { key: 'service.instance.id', value: { stringValue: 'i' } },
            ],
          },
          scopeSpans: [
            {
              scope: { name: 'sagewai', version: '1' },
              spans: [
                {
                  traceId: 'a'.repeat(32),
                  spanId: 'b'.repeat(16),
                  flags: 1,
                  name: 'chat m',
                  kind: 3,
                  startTimeUnixNano: '1764288000000250000',
                  endTimeUnixNano: '1764288000001000000',
                  attributes: [
                    { key: 'text', value: { stringValue: 'x' } },
                    { key: 'whole', value: { intValue: '7' } },
                    { key: 'part', value: { doubleValue: 0.5 } },
                    { key: 'yes', value: { boolValue: true } },
                    { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
                  ],
                  status: { code: 2, message: 'late' },
                },
              ],
            },
          ],
        },
      ],
    },
  ]);
  expect(await metrics.render()).toContain('sagewai_spans_total{outcome="sent"} 1');
});

test('a collector that is away, or too slow, costs spans and nothing else', async () => {
  const refusals = [Promise.reject(new Error('away')), Promise.resolve(503), Promise.resolve(200)];
  refusals[0]?.catch(() => {});
  const { made, metrics, failures } = exporter(() => refusals.shift() ?? Promise.resolve(200), {
    batchMax: 2,
    waitingMax: 3,
  });
  // The second fills a batch, which leaves at once; of the rest three may wait.
  for (let i = 0; i < 8; i++) made.record(span(`s${i}`));
  await made.close();
  const text = await metrics.render();
  // Three did not fit, two batches of two were not taken; it was told of once.
  expect(text).toContain('sagewai_spans_total{outcome="lost"} 7');
  expect(text).toContain('sagewai_spans_total{outcome="sent"} 1');
  expect(failures).toHaveLength(1);
});

test('the end does not wait for a collector that is silent', async () => {
  let asked = 0;
  const silent = () => new Promise<number>(() => void asked++);
  const { made, metrics } = exporter(silent, { batchMax: 2, closeMs: 20 });
  for (let i = 0; i < 5; i++) made.record(span(`s${i}`));
  await made.close();
  expect(asked).toBe(1);
  // Two are on their way; nobody waits for them.
  expect(await metrics.render()).toContain('sagewai_spans_total{outcome="lost"} 3');
});

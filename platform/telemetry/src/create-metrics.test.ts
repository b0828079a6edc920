import { expect, test } from 'vitest';

import { createMetrics } from './create-metrics.ts';

test('counters, gauges and histograms show in the Prometheus format', async () => {
  const metrics = createMetrics({ defaultLabels: { replica: 'a' } });
  const runs = metrics.counter({ name: 'sagewai_runs_total', help: 'Runs.', labels: ['pool'] });
  runs.add({ pool: 'gpu' });
  runs.with({ pool: 'gpu' }).add(2);
  const load = metrics.gauge({ name: 'sagewai_load', help: 'Load.', labels: ['worker'] });
  load.set({ worker: 'a' }, 3);
  load.set({ worker: 'b' }, 3);
  load.with({ worker: 'a' }).add(-1);
  load.remove({ worker: 'b' });
  const seconds = metrics.histogram({ name: 'sagewai_seconds', help: 'Time.', buckets: [1, 10] });
  seconds.observe({}, 5);
  seconds.with({}).observe(0.5);

  const text = await metrics.render();
  expect(metrics.contentType).toContain('text/plain');
  expect(text).toContain('sagewai_runs_total{pool="gpu",replica="a"} 3');
  expect(text).toContain('sagewai_load{worker="a",replica="a"} 2');
  expect(text).not.toContain('worker="b"');
  expect(text).toContain('sagewai_seconds_bucket{le="1",replica="a"} 1');
  expect(text).toContain('sagewai_seconds_bucket{le="10",replica="a"} 2');
  expect(text).toContain('sagewai_seconds_sum{replica="a"} 5.5');
});

test('a gauge may be asked at each rendering', async () => {
  const metrics = createMetrics();
  let depth = 1;
  metrics.gauge({
    name: 'sagewai_depth',
    help: 'Depth.',
    labels: ['pool'],
    collect: async (gauge) => {
      gauge.reset();
      gauge.set({ pool: `p${depth}` }, await Promise.resolve(depth));
    },
  });
  expect(await metrics.render()).toContain('sagewai_depth{pool="p1"} 1');
  depth = 2;
  const text = await metrics.render();
  expect(text).toContain('sagewai_depth{pool="p2"} 2');
  expect(text).not.toContain('p1');
});

test('two registries in one process do not meet', async () => {
  const [left, right] = [createMetrics(), createMetrics()];
  left.counter({ name: 'sagewai_x_total', help: 'X.' }).add({});
  right.counter({ name: 'sagewai_x_total', help: 'X.' });
  expect(await left.render()).toContain('sagewai_x_total 1');
  expect(await right.render()).toContain('sagewai_x_total 0');
});

test("Node's own figures come when asked for", async () => {
  expect(await createMetrics({ collectDefault: true }).render()).toContain(
    'process_resident_memory_bytes',
  );
  expect(await createMetrics().render()).not.toContain('process_');
});

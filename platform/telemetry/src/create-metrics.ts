import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

import type {
  Counter,
  CounterOptions,
  DeclaredMetric,
  Gauge,
  GaugeOptions,
  Histogram,
  HistogramOptions,
  MetricOptions,
  Metrics,
} from './metrics.ts';

export interface MetricsOptions {
  readonly defaultLabels?: Readonly<Record<string, string>>;
  /** Node's own: memory, event loop, garbage collection. Off when left out. */
  readonly collectDefault?: boolean;
}

/** A registry of its own: two in one process (tests, several servers) do not meet. */
export function createMetrics({ defaultLabels, collectDefault }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (defaultLabels) registry.setDefaultLabels({ ...defaultLabels });
  if (collectDefault) collectDefaultMetrics({ register: registry });
  const declared: DeclaredMetric[] = [];
  const declare = (kind: DeclaredMetric['kind'], options: MetricOptions<string>): void => {
    const { name, help, labels = [] } = options;
    declared.push({ name, kind, help, labels });
  };
  return {
    counter: (options) => {
      declare('counter', options as MetricOptions<string>);
      return createCounter(registry, options);
    },
    gauge: (options) => {
      declare('gauge', options as MetricOptions<string>);
      return createGauge(registry, options);
    },
    histogram: (options) => {
      declare('histogram', options);
      return createHistogram(registry, options);
    },
    declared: () => declared,
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function createCounter<Label extends string>(
  registry: Registry,
  { name, help, labels = [], collect }: CounterOptions<Label>,
): Counter<Label> {
  const counter = new PromCounter<string>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(collect ? { collect: () => collect(ours) } : {}),
  });
  const ours: Counter<Label> = {
    add: (values, count = 1) => counter.inc(values, count),
    with: (values) => {
      const series = counter.labels(values);
      return { add: (count = 1) => series.inc(count) };
    },
  };
  return ours;
}

function createGauge<Label extends string>(
  registry: Registry,
  { name, help, labels = [], collect }: GaugeOptions<Label>,
): Gauge<Label> {
  const gauge = new PromGauge<string>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(collect ? { collect: () => collect(ours) } : {}),
  });
  const ours: Gauge<Label> = {
    set: (values, value) => gauge.set(values, value),
    add: (values, difference) => gauge.inc(values, difference),
    with: (values) => {
      const series = gauge.labels(values);
      return { set: (value) => series.set(value), add: (difference) => series.inc(difference) };
    },
    remove: (values) => gauge.remove(values),
    reset: () => gauge.reset(),
  };
  return ours;
}

function createHistogram<Label extends string>(
  registry: Registry,
  { name, help, labels = [], buckets }: HistogramOptions<Label>,
): Histogram<Label> {
  const histogram = new PromHistogram<string>({
    name,
    help,
    labelNames: labels,
    buckets: [...buckets],
    registers: [registry],
  });
  return {
    observe: (values, value) => histogram.observe(values, value),
    with: (values) => {
      const series = histogram.labels(values);
      return { observe: (value) => series.observe(value) };
    },
  };
}

export { createMetrics, type MetricsOptions } from './create-metrics.ts';
export type {
  DeclaredMetric,
  Counter,
  CounterOptions,
  Gauge,
  GaugeOptions,
  Histogram,
  HistogramOptions,
  Labels,
  MetricOptions,
  Metrics,
} from './metrics.ts';

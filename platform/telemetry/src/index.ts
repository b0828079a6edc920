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
export type { Span, SpanSource, SpanValue } from './span.ts';
export {
  createSpanExporter,
  type SpanExporter,
  type SpanExporterOptions,
} from './span-exporter.ts';
export { continueTrace, type TraceContext, traceparentOf } from './trace-context.ts';

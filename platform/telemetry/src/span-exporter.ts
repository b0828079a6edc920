/**
 * Sends spans to a collector, in batches, in the background. Nobody waits for it and nothing fails by it:
 * what cannot be sent, or comes faster than it can be sent, is dropped and counted.
 */
import type { Metrics } from './metrics.ts';
import type { Span, SpanSource } from './span.ts';
import { toOtlp } from './to-otlp.ts';

export interface SpanExporterOptions {
  readonly source: SpanSource;
  /** Resolves with the status of the collector's answer. */
  readonly send: (body: string) => Promise<number>;
  readonly everyMs: number;
  readonly metrics: Metrics;
  /** Told once, when sending begins to fail. */
  readonly onFailing: (why: unknown) => void;
  /** How long the end waits for a collector that is silent. */
  readonly closeMs: number;
  /** Spans a message. */
  readonly batchMax?: number;
  /** Spans that may wait. */
  readonly waitingMax?: number;
}

export interface SpanExporter {
  record(span: Span): void;
  /** Sends what waits, once; what a silent collector does not take in time is lost. */
  close(): Promise<void>;
}

const BATCH_MAX = 512;
const WAITING_MAX = 8_192;

export function createSpanExporter(options: SpanExporterOptions): SpanExporter {
  const { send, source, batchMax = BATCH_MAX, waitingMax = WAITING_MAX } = options;
  const sent = options.metrics.counter({
    name: 'sagewai_spans_total',
    help: 'Spans of traces, by whether the collector took them.',
    labels: ['outcome'],
  });
  let waiting: Span[] = [];
  let sending: Promise<void> | undefined;
  let isFailing = false;

  const sendBatch = async (spans: readonly Span[]): Promise<void> => {
    try {
      const status = await send(JSON.stringify(toOtlp(spans, source)));
      if (status >= 300) throw new Error(`the collector answered ${status}`);
      isFailing = false;
      sent.add({ outcome: 'sent' }, spans.length);
    } catch (error) {
      sent.add({ outcome: 'lost' }, spans.length);
      if (!isFailing) options.onFailing(error);
      isFailing = true;
    }
  };
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      await sendBatch(batch);
    }
  };
  const look = (): Promise<void> =>
    (sending ??= flush().finally(() => {
      sending = undefined;
    }));
  const timer = setInterval(() => void look(), options.everyMs).unref();
  return {
    record: (span) => {
      if (waiting.length >= waitingMax) {
        sent.add({ outcome: 'lost' });
        return;
      }
      waiting.push(span);
      if (waiting.length === batchMax) void look();
    },
    close: async () => {
      clearInterval(timer);
      let isLate: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        isLate = setTimeout(() => resolve('late'), options.closeMs);
      });
      const end = await Promise.race([look(), late]);
      clearTimeout(isLate);
      if (end !== 'late') return;
      // What is under way is counted when it fails.
      sent.add({ outcome: 'lost' }, waiting.length);
      waiting = [];
    },
  };
}

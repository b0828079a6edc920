import type { Counter, Metrics } from '@sagewai/telemetry';

export type DeliveryOutcome =
  | 'started'
  | 'repeated'
  | 'filtered'
  | 'refused'
  | 'skipped'
  | 'unverified'
  | 'limited'
  | 'pong';

export class TriggerMeters {
  readonly #deliveries: Counter<'kind' | 'outcome'>;
  readonly #polls: Counter<'outcome'>;

  constructor(metrics: Metrics) {
    this.#deliveries = metrics.counter({
      name: 'sagewai_trigger_deliveries_total',
      help: 'What came in by triggers, and what has become of it.',
      labels: ['kind', 'outcome'],
    });
    this.#polls = metrics.counter({
      name: 'sagewai_trigger_polls_total',
      help: 'Polls of addresses by triggers, by how they ended.',
      labels: ['outcome'],
    });
  }

  delivered(kind: 'webhook' | 'poller', outcome: DeliveryOutcome): void {
    this.#deliveries.add({ kind, outcome });
  }

  polled(outcome: 'items' | 'unchanged' | 'failed'): void {
    this.#polls.add({ outcome });
  }
}

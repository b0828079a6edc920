import type { Counter, Metrics } from '@sagewai/telemetry';

import type { Finding } from './enforcement.ts';

/** What happens to the identities of workers, in numbers. */
export class IdentityMeters {
  readonly #usedTwice: Counter;
  readonly #findings: Counter<'mode' | 'finding'>;

  constructor(metrics: Metrics) {
    this.#usedTwice = metrics.counter({
      name: 'sagewai_worker_token_used_twice_total',
      help: 'Workers that were locked because an old generation of their token was shown.',
    });
    this.#findings = metrics.counter({
      name: 'sagewai_enforcement_findings_total',
      help: 'What a strict organization refuses: refused, or noted in the mode warn.',
      labels: ['mode', 'finding'],
    });
  }

  usedTwice(): void {
    this.#usedTwice.add({});
  }

  found(mode: 'warn' | 'strict', finding: Finding): void {
    this.#findings.add({ mode, finding });
  }
}

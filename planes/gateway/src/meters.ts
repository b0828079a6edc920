import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';

import type { NoteUnpriced } from './decide-call.ts';
import type { SettleCall } from './settle-call.ts';

const PICO_PER_USD = 1e12;
// One line for each model is an event; a line for each call would be noise.
const TOLD_MAX = 1_000;

type Series = { add(count?: number): void } | undefined;

export interface Meters {
  readonly noteUnpriced: NoteUnpriced;
  /** The same, and counted. */
  counted(settle: SettleCall): SettleCall;
}

export function createMeters(of: {
  readonly metrics: Metrics | undefined;
  readonly log: Log;
}): Meters {
  const { metrics, log } = of;
  const calls = metrics?.counter({
    name: 'sagewai_model_calls_total',
    help: 'Model calls that were settled, by provider, how they ended, and where their usage is from.',
    labels: ['provider', 'status', 'usage_source'],
  });
  const tokens = metrics?.counter({
    name: 'sagewai_model_tokens_total',
    help: 'Tokens of settled model calls.',
    labels: ['provider', 'direction'],
  });
  const spent = metrics?.counter({
    name: 'sagewai_model_spend_usd_total',
    help: 'What settled model calls cost; the ledger has the exact sums.',
    labels: ['provider'],
  });
  const unpriced = metrics?.counter({
    name: 'sagewai_model_unpriced_total',
    help: 'Calls of a model whose price is not known.',
    labels: ['what'],
  });
  const told = new Set<string>();
  // Looked up once for each way that a call can end, of which there are few.
  const series = new Map<string, Record<'calls' | 'input' | 'output' | 'spent', Series>>();
  return {
    noteUnpriced: (model, what) => {
      unpriced?.add({ what });
      if (told.has(`${model} ${what}`) || told.size >= TOLD_MAX) return;
      told.add(`${model} ${what}`);
      log.warn('a model is called whose price is not known', { model, what }); // M4
    },
    counted: (settle) => async (call, outcome) => {
      const settled = await settle(call, outcome);
      const { deployment, status, source, usage } = outcome;
      const { provider } = deployment.endpoint;
      const kind = `${provider} ${status} ${source}`;
      let of = series.get(kind);
      if (of === undefined) {
        of = {
          calls: calls?.with({ provider, status, usage_source: source }),
          input: tokens?.with({ provider, direction: 'input' }),
          output: tokens?.with({ provider, direction: 'output' }),
          spent: spent?.with({ provider }),
        };
        series.set(kind, of);
      }
      of.calls?.add();
      of.input?.add(usage.input);
      of.output?.add(usage.output);
      of.spent?.add(Number(settled.cost ?? 0n) / PICO_PER_USD);
      return settled;
    },
  };
}

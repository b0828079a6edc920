import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';

import type { NoteUnpriced } from './decide-call.ts';
import type { SettleCall } from './settle-call.ts';

const PICO_PER_USD = 1e12;
// One line for each model is an event; a line for each call would be noise.
const TOLD_MAX = 1_000;

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
  return {
    noteUnpriced: (model, what) => {
      unpriced?.add({ what });
      if (told.has(`${model} ${what}`) || told.size >= TOLD_MAX) return;
      told.add(`${model} ${what}`);
      log.warn('a model is called whose price is not known', { model, what }); // M4
    },
    counted: (settle) => async (call, outcome) => {
      const settled = await settle(call, outcome);
      const { provider } = outcome.deployment.endpoint;
      calls?.add({ provider, status: outcome.status, usage_source: outcome.source });
      tokens?.add({ provider, direction: 'input' }, outcome.usage.input);
      tokens?.add({ provider, direction: 'output' }, outcome.usage.output);
      spent?.add({ provider }, Number(settled.cost ?? 0n) / PICO_PER_USD);
      return settled;
    },
  };
}

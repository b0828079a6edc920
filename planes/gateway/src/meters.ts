import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';
import type { PicoUsd } from '@sagewai/wire';

import type { NoteUnpriced } from './calls/decide-call.ts';
import type { Outcome, SettleCall } from './calls/settle-call.ts';
import type { Trail } from './routing/trail.ts';

const PICO_PER_USD = 1e12;
// One line for each model is an event; a line for each call would be noise.
const TOLD_MAX = 1_000;

type Series = { add(count?: number): void } | undefined;
type Times = { observe(seconds: number): void } | undefined;
type Counted = Record<'calls' | 'input' | 'output' | 'spent', Series>;
type Timed = Record<'first' | 'seconds' | 'overhead', Times>;

interface Ended {
  readonly provider: string;
  readonly status: string;
  readonly source: string;
}

interface Took {
  readonly input: number;
  readonly output: number;
  readonly cost: PicoUsd;
}

export interface Meters {
  readonly noteUnpriced: NoteUnpriced;
  /** The same, and counted. */
  counted(settle: SettleCall): SettleCall;
  /** What ended without being such a call, as a batch does. */
  count(ended: Ended, took: Took): void;
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
  const firstToken = metrics?.histogram({
    name: 'sagewai_model_first_token_seconds',
    help: 'From the arrival of a call to the first piece of its stream.',
    labels: ['provider'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
  });
  const callSeconds = metrics?.histogram({
    name: 'sagewai_model_call_seconds',
    help: 'From the arrival of a call to its settlement.',
    labels: ['provider'],
    buckets: [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300],
  });
  const overhead = metrics?.histogram({
    name: 'sagewai_model_overhead_seconds',
    help: 'What the gateway takes before it asks a provider: deciding, and reserving the money.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
  });
  const unpriced = metrics?.counter({
    name: 'sagewai_model_unpriced_total',
    help: 'Calls of a model whose price is not known.',
    labels: ['what'],
  });
  const told = new Set<string>();
  // Looked up once for each way that a call can end, of which there are few.
  const series = new Map<string, Counted & Timed>();
  const seriesOf = ({ provider, status, source }: Ended): Counted & Timed => {
    const kind = `${provider} ${status} ${source}`;
    const known = series.get(kind);
    if (known !== undefined) return known;
    const made = {
      calls: calls?.with({ provider, status, usage_source: source }),
      input: tokens?.with({ provider, direction: 'input' }),
      output: tokens?.with({ provider, direction: 'output' }),
      spent: spent?.with({ provider }),
      first: firstToken?.with({ provider }),
      seconds: callSeconds?.with({ provider }),
      overhead: overhead?.with({}),
    };
    series.set(kind, made);
    return made;
  };
  const count = (ended: Ended, { input, output, cost }: Took): Timed => {
    const of = seriesOf(ended);
    of.calls?.add();
    of.input?.add(input);
    of.output?.add(output);
    of.spent?.add(Number(cost) / PICO_PER_USD);
    return of;
  };
  return {
    count,
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
      const { input, output } = usage;
      const cost = settled.cost ?? 0n;
      const of = count({ provider, status, source }, { input, output, cost });
      if (call.trail !== undefined) time(call.trail, outcome, of);
      return settled;
    },
  };
}

const MS = 1_000;

function time({ startedMs, sentMs }: Trail, { firstDataMs = 0 }: Outcome, of: Timed): void {
  of.seconds?.observe((performance.now() - startedMs) / MS);
  if (sentMs > 0) of.overhead?.observe((sentMs - startedMs) / MS);
  if (firstDataMs > 0) of.first?.observe((firstDataMs - startedMs) / MS);
}

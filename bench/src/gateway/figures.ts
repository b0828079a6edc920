import { compare, type Figure, type Target, type Unit } from '../common/figure.ts';
import { median } from '../common/statistics.ts';
import type { Sample } from './rounds.ts';
import { type Kind, KINDS } from './scripted-answer.ts';

export const OURS = 'sagewai';

const MEASURES = [
  { name: 'requests_per_second', unit: '1/s', of: (one: Sample) => one.requestsPerSecond },
  { name: 'cpu_per_request', unit: 'us', of: (one: Sample) => one.cpuUs },
  { name: 'latency_p50', unit: 'ms', of: (one: Sample) => one.p50Ms },
  { name: 'latency_p99', unit: 'ms', of: (one: Sample) => one.p99Ms },
] as const satisfies readonly { name: string; unit: Unit; of: (one: Sample) => number }[];

/** By peer: how many times its requests per second ours must reach. */
const RATE_TARGETS: Readonly<Record<string, Readonly<Record<Kind, number>>>> = {
  bare: { json: 0.5, sse: 0.6 },
  portkey: { json: 5, sse: 5 },
  litellm: { json: 15, sse: 15 },
};

/** Every measure of both kinds against every peer that was measured. */
export function figuresOf(samples: readonly Sample[], peers: readonly string[]): Figure[] {
  return KINDS.flatMap((kind) => [
    ...MEASURES.flatMap((measure) =>
      peers.map((peer) => {
        const series = {
          bench: 'gateway' as const,
          metric: `${kind}.${measure.name}`,
          unit: measure.unit,
          target: measure.name === 'requests_per_second' ? rateTarget(peer, kind) : null,
        };
        // A wrong answer is quicker than a right one: a peer that gave some is not compared.
        const values = isSound(samples, peer, kind)
          ? pick(samples, peer, kind).map(measure.of)
          : [];
        return compare(series, pick(samples, OURS, kind).map(measure.of), { name: peer, values });
      }),
    ),
    databaseFigure(samples, kind),
  ]);
}

/** How busy each process under test was, and what it answered wrongly: beside the figures, in words. */
export function remarksOn(samples: readonly Sample[], contenders: readonly string[]): string[] {
  return KINDS.flatMap((kind) =>
    contenders.flatMap((name) => {
      const own = pick(samples, name, kind);
      const busy = Math.round(median(own.map((one) => one.busy)) * 100);
      const wrong = own.filter((one) => one.mistakes > 0);
      const mistakes = wrong.reduce((sum, one) => sum + one.mistakes, 0);
      return [
        `${name} ${kind}: its processes used ${busy} % of a core.`,
        ...(mistakes > 0
          ? [`${name} ${kind}: ${mistakes} wrong answers, among them: ${wrong[0]?.mistake}`]
          : []),
      ];
    }),
  );
}

export function isSound(samples: readonly Sample[], name: string, kind: Kind): boolean {
  return pick(samples, name, kind).every((one) => one.mistakes === 0);
}

function pick(samples: readonly Sample[], name: string, kind: Kind): Sample[] {
  return samples.filter((one) => one.contender === name && one.kind === kind);
}

function rateTarget(peer: string, kind: Kind): Target | null {
  const value = RATE_TARGETS[peer]?.[kind];
  return value === undefined ? null : { of: 'ratio', bound: 'at least', value };
}

function databaseFigure(samples: readonly Sample[], kind: Kind): Figure {
  const values = pick(samples, OURS, kind).flatMap((one) => one.databaseCpuUs ?? []);
  const metric = `${kind}.postgresql_cpu_per_request`;
  return compare({ bench: 'gateway', metric, unit: 'us', target: null }, values, null);
}

import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { shortCount, shortDuration } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Facts } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import type { Route } from './route-again.ts';

type Candidate = Route['candidates'][number];

const EVERY_MS = 2_000;
const FALLBACKS = {
  generic: 'After a failure',
  context_window: 'When it is too long',
  content_policy: 'When its provider refuses the content',
  budget: 'When its budget is spent',
} as const satisfies Record<keyof Route['fallbacks'], string>;

/** Which deployment would have the call, and why not another. */
export function RouteNow({ model }: { model: string }): ReactElement {
  const { data, error } = useQuery({
    ...ask('gateway.explainRoute', { query: { model } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  if (error !== null)
    return (
      <div className="p-3">
        <Failure error={error} />
      </div>
    );
  if (data === undefined) return <p className="text-muted p-3">Reading …</p>;
  return (
    <>
      <Table<Candidate>
        label="Deployments that could have the call"
        rows={data.candidates}
        keyOf={({ deployment }) => deployment}
        empty={<p className="text-muted">No deployment is configured for it.</p>}
        columns={[
          {
            name: 'It',
            show: (candidate) => <Stand of={candidate} chosen={data.chosen} />,
          },
          { name: 'Deployment', show: ({ deployment }) => deployment },
          {
            name: 'There it is called',
            show: ({ provider, upstream_model: name }) => `${provider}: ${name}`,
            isExtra: true,
          },
          {
            name: 'Weight',
            show: ({ weight, order }) => (order === 0 ? weight : `${weight}, after ${order}`),
            isNumber: true,
            isExtra: true,
          },
          {
            name: 'Answers in',
            show: ({ latency_ms: ms }) => (ms === null ? '–' : shortDuration(ms)),
            isNumber: true,
          },
          {
            name: 'Under way',
            show: ({ in_flight: count }) => shortCount(count),
            isNumber: true,
            isExtra: true,
          },
          {
            name: 'Tokens this minute',
            show: ({ tokens_this_minute: count }) => shortCount(count),
            isNumber: true,
            isExtra: true,
          },
        ]}
      />
      <div className="border-line border-t p-3">
        <Facts
          of={[
            ['Chosen by', data.strategy ?? 'there is one alone'],
            ...Object.entries(FALLBACKS).map(
              ([name, words]) =>
                [
                  words,
                  data.fallbacks[name as keyof typeof FALLBACKS].join(', then ') || 'nothing else',
                ] as const,
            ),
          ]}
        />
      </div>
    </>
  );
}

function Stand({ of, chosen }: { of: Candidate; chosen: string | null }): ReactElement {
  if (of.deployment === chosen) return <Badge tone="ok">would have it</Badge>;
  if (of.cools_for_ms > 0)
    return <Badge tone="bad">rests for {shortDuration(of.cools_for_ms)}</Badge>;
  if (of.is_full) return <Badge tone="warn">is full</Badge>;
  return <Badge tone="idle">{of.passed_because ?? 'could'}</Badge>;
}

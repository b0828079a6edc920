import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactElement, useMemo } from 'react';

import { HOURS, type Subject, SUBJECTS } from '../analytics/analytics-search.ts';
import { Charts } from '../analytics/charts.tsx';
import { CALLS_MAX, readCalls } from '../analytics/read-calls.ts';
import { readPlaces } from '../analytics/read-places.ts';
import { type Call, type Group, GROUPS_MAX, inBuckets, sumUp } from '../analytics/sum-up.ts';
import { connection } from '../api/server.ts';
import { percent, shortCount, shortDuration, shortUsd } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { Failure } from '../ui/failure.tsx';
import { Filter } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { SERIES_COLOURS } from '../ui/time-chart.tsx';

const EVERY_MS = 10_000;
const HOURS_WORDS = { 1: 'last hour', 24: 'last day', 168: 'last week' } as const;

/** How models, agents, workers and pools fare: summed up here, from the calls themselves. */
export function AnalyticsPage(): ReactElement {
  const { by = 'model', hours = 24 } = useSearch({ from: '/analytics' });
  const { organization, project } = connection.use();
  const read = useQuery({
    queryKey: ['analytics', hours, organization, project],
    queryFn: ({ signal }) => readCalls({ hours, project }, signal),
    refetchInterval: useEvery(EVERY_MS),
  });
  const nameOf = useNameOf(by);
  const { data } = read;
  const groups = useMemo(() => sumUp(data?.calls ?? [], nameOf), [data, nameOf]);
  const buckets = useMemo(() => {
    if (data === undefined) return null;
    const names = groups.slice(0, GROUPS_MAX).map(({ name }) => name);
    return inBuckets(data.calls, { ...data, nameOf, names });
  }, [data, groups, nameOf]);
  return (
    <Page
      title="Analytics"
      about={
        data?.isCut === true
          ? `The newest ${shortCount(CALLS_MAX)} calls, over time. Spend has the sums of all.`
          : 'Latency, errors, tokens and cost of model calls, over time.'
      }
      actions={<Choices by={by} hours={hours} />}
    >
      {read.error === null ? null : (
        <Failure error={read.error} again={() => void read.refetch()} />
      )}
      {buckets === null || data === undefined ? null : data.calls.length === 0 ? (
        <Panel>
          <Empty
            what="No model was called in this time. A first call:"
            command={'sagewai runs submit --model simulated --message "Hello" --wait'}
          />
        </Panel>
      ) : (
        <>
          <Charts buckets={buckets} by={by} />
          <Panel title="Sums" isFlush>
            <Table
              label={`Model calls by ${by}`}
              rows={groups}
              keyOf={({ name }) => name}
              empty={null}
              columns={columnsOf(by, groups)}
            />
          </Panel>
        </>
      )}
    </Page>
  );
}

function Choices({ by, hours }: { by: Subject; hours: (typeof HOURS)[number] }): ReactElement {
  const navigate = useNavigate({ from: '/analytics' });
  return (
    <>
      <Filter
        label="By"
        data-search
        value={by}
        onChange={(event) => {
          const chosen = SUBJECTS.find((each) => each === event.target.value) ?? 'model';
          void navigate({ search: { by: chosen, hours } });
        }}
      >
        {SUBJECTS.map((each) => (
          <option key={each} value={each}>
            by {each}
          </option>
        ))}
      </Filter>
      <Filter
        label="Time"
        value={hours}
        onChange={(event) => {
          const chosen = HOURS.find((each) => each === Number(event.target.value)) ?? 24;
          void navigate({ search: { by, hours: chosen } });
        }}
      >
        {HOURS.map((each) => (
          <option key={each} value={each}>
            {HOURS_WORDS[each]}
          </option>
        ))}
      </Filter>
    </>
  );
}

/** Of a call, what it is counted to: its worker and its pool are those of its run. */
function useNameOf(by: Subject): (call: Call) => string {
  const { organization, project } = connection.use();
  const isOfRuns = by === 'worker' || by === 'pool';
  const { data: places } = useQuery({
    queryKey: ['places of runs', organization, project],
    queryFn: ({ signal }) => readPlaces(project, signal),
    enabled: isOfRuns,
    refetchInterval: useEvery(EVERY_MS),
  });
  return useMemo(
    () =>
      ({ model, agent, run_id: id }: Call): string => {
        if (by === 'model') return model;
        if (by === 'agent') return agent ?? 'no agent';
        if (id === null) return 'by no run';
        const place = places?.get(id);
        if (place === undefined) return 'an older run';
        return by === 'pool' ? place.pool : (place.worker ?? 'no worker');
      },
    [by, places],
  );
}

function columnsOf(by: Subject, groups: readonly Group[]): readonly Column<Group>[] {
  const colourOf = (group: Group): string =>
    SERIES_COLOURS[groups.indexOf(group)] ?? '--color-line-strong';
  return [
    {
      name: by[0]?.toUpperCase() + by.slice(1),
      show: (group) => (
        <span className="flex items-center gap-2">
          <span
            aria-hidden
            className="size-2.5 rounded-sm"
            style={{ background: `var(${colourOf(group)})` }}
          />
          {group.name}
        </span>
      ),
    },
    { name: 'Calls', show: ({ calls }) => shortCount(calls), isNumber: true },
    {
      name: 'Not well',
      show: ({ calls, failed }) => percent(calls === 0 ? 0 : failed / calls),
      isNumber: true,
    },
    {
      name: 'Half within',
      show: ({ p50Ms }) => shortDuration(p50Ms),
      isNumber: true,
      isExtra: true,
    },
    { name: '95 % within', show: ({ p95Ms }) => shortDuration(p95Ms), isNumber: true },
    {
      name: 'Tokens in',
      show: ({ inputTokens }) => shortCount(inputTokens),
      isNumber: true,
      isExtra: true,
    },
    {
      name: 'Tokens out',
      show: ({ outputTokens }) => shortCount(outputTokens),
      isNumber: true,
      isExtra: true,
    },
    {
      name: 'Cost',
      show: ({ usd }) => <span title={`$${usd}`}>{shortUsd(String(usd))}</span>,
      isNumber: true,
    },
  ];
}

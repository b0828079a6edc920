import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactElement, useMemo } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { shortCount, shortUsd } from '../format/numbers.ts';
import { DAYS, GROUPS } from '../money/spend-search.ts';
import { nameOf, type SpendGroup, stackDays } from '../money/stack-days.ts';
import { useEvery } from '../shell/live.ts';
import { DownloadButton } from '../ui/download-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Filter } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { SERIES_COLOURS, TimeChart } from '../ui/time-chart.tsx';

const EVERY_MS = 15_000;
const DAY_MS = 86_400_000;
const asUsd = (usd: number): string => shortUsd(String(usd));
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export function SpendPage(): ReactElement {
  const { by = 'model', days = 7 } = useSearch({ from: '/spend' });
  const navigate = useNavigate({ from: '/spend' });
  const refetchInterval = useEvery(EVERY_MS);
  const until = dayOf(Date.now());
  const since = dayOf(Date.now() - (days - 1) * DAY_MS);
  const range = { since, until };
  const daily = useQuery({
    ...ask('ledger.reportSpend', { query: { ...range, group_by: `day,${by}`, limit: 10_000 } }),
    refetchInterval,
  });
  const sums = useQuery({
    ...ask('ledger.reportSpend', { query: { ...range, group_by: by, limit: 500 } }),
    refetchInterval,
  });
  const projects = useQuery({
    ...ask('identity.listProjects', { query: { limit: 200 } }),
    enabled: by === 'project',
  });
  const keys = useQuery({
    ...ask('gateway.listKeys', { query: { limit: 200 } }),
    enabled: by === 'key',
  });
  const names = new Map(
    [...(projects.data?.projects ?? []), ...(keys.data?.keys ?? [])].map(({ id, name }) => [
      id,
      name,
    ]),
  );
  const stacked = useMemo(
    () => stackDays(daily.data?.groups ?? [], { by, since, until }),
    [daily.data, by, since, until],
  );
  const edges = useMemo(
    () => stacked.series.map(({ name, tops }) => ({ name, values: tops })),
    [stacked],
  );
  const colourAt = (group: SpendGroup): string => {
    const index = stacked.series.findIndex(({ name }) => name === nameOf(group, by));
    return index < 0 ? '--color-line-strong' : (SERIES_COLOURS[index] ?? '--color-line-strong');
  };
  const error = daily.error ?? sums.error;
  const totals = sums.data?.totals;
  const isNothing = totals?.calls === 0;
  return (
    <Page
      title="Spend"
      about={
        totals === undefined
          ? undefined
          : `${shortUsd(totals.cost_usd)} for ${shortCount(totals.calls)} calls in ${days} days (UTC)${totals.unpriced_calls > 0 ? `, and ${shortCount(totals.unpriced_calls)} calls whose price nobody knows` : ''}`
      }
      actions={
        <>
          <Filter
            label="By"
            data-search
            value={by}
            onChange={(event) =>
              void navigate({
                search: { days, by: GROUPS.find((each) => each === event.target.value) ?? 'model' },
              })
            }
          >
            {GROUPS.map((each) => (
              <option key={each} value={each}>
                by {each}
              </option>
            ))}
          </Filter>
          <Filter
            label="Days"
            value={days}
            onChange={(event) =>
              void navigate({
                search: { by, days: DAYS.find((each) => each === Number(event.target.value)) ?? 7 },
              })
            }
          >
            {DAYS.map((each) => (
              <option key={each} value={each}>
                {each} days
              </option>
            ))}
          </Filter>
          <DownloadButton
            id="ledger.exportSpend"
            input={{ query: { format: 'csv', since: `${since}T00:00:00Z` } }}
            name="spend.csv"
          >
            Export CSV
          </DownloadButton>
        </>
      }
    >
      {error === null ? null : <Failure error={error} />}
      {isNothing ? (
        <Empty
          what="Nothing was spent in these days. A first call:"
          command={`curl ${SERVER_URL}/v1/chat/completions -H "Authorization: Bearer $SAGEWAI_KEY" -H "Content-Type: application/json" -d '{"model": "simulated", "messages": [{"role": "user", "content": "Hello"}]}'`}
        />
      ) : (
        <>
          <Panel title="Cost by day">
            <TimeChart
              label={`Cost by day and ${by}; the table has the sums`}
              times={stacked.days}
              series={edges}
              unit="US dollars"
              format={asUsd}
              isStacked
              isOfDays
            />
          </Panel>
          <Panel title="Sums" isFlush>
            <Table
              label={`Spend by ${by}`}
              rows={sums.data?.groups ?? []}
              keyOf={(group) => nameOf(group, by)}
              empty={<p className="text-muted">Reading …</p>}
              columns={[
                {
                  name: by[0]?.toUpperCase() + by.slice(1),
                  show: (group) => (
                    <span className="flex items-center gap-2">
                      <span
                        aria-hidden
                        className="size-2.5 rounded-sm"
                        style={{ background: `var(${colourAt(group)})` }}
                      />
                      {names.get(nameOf(group, by)) ?? nameOf(group, by)}
                    </span>
                  ),
                },
                {
                  name: 'Cost',
                  show: ({ cost_usd: usd }) => <span title={`$${usd}`}>{shortUsd(usd)}</span>,
                  isNumber: true,
                },
                { name: 'Calls', show: ({ calls }) => shortCount(calls), isNumber: true },
                {
                  name: 'Failed',
                  show: ({ failed_calls: failed }) => shortCount(failed),
                  isNumber: true,
                  isExtra: true,
                },
                {
                  name: 'Tokens in',
                  show: ({ input_tokens: tokens }) => shortCount(tokens),
                  isNumber: true,
                  isExtra: true,
                },
                {
                  name: 'Tokens out',
                  show: ({ output_tokens: tokens }) => shortCount(tokens),
                  isNumber: true,
                  isExtra: true,
                },
              ]}
            />
          </Panel>
        </>
      )}
    </Page>
  );
}

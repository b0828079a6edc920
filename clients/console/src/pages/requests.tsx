import type { CallOutput } from '@sagewai/sdk';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { call, connection } from '../api/server.ts';
import { shortCount, shortDuration, shortUsd } from '../format/numbers.ts';
import { REQUEST_STATUSES } from '../money/request-search.ts';
import { BackToNewest } from '../shell/back-to-newest.tsx';
import { useEveryWhileNewest } from '../shell/live.ts';
import { SavedViews } from '../shell/saved-views.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { LongTable } from '../ui/long-table.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Time } from '../ui/time.tsx';

type Spend = CallOutput<'ledger.listSpend'>['spend'][number];

const PAGE = 100;
const EVERY_MS = 3_000;

/** Every model call: what it took, cost and came to. What was said in it is not kept. */
export function RequestsPage(): ReactElement {
  const search = useSearch({ from: '/requests' });
  const navigate = useNavigate({ from: '/requests' });
  const { organization, project } = connection.use();
  const queryKey = ['ledger.listSpend', search, organization, project];
  const query = useInfiniteQuery({
    queryKey,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call(
        'ledger.listSpend',
        {
          query: {
            ...search,
            limit: PAGE,
            ...(project === null ? {} : { project_id: project }),
            ...(pageParam === null ? {} : { cursor: pageParam }),
          },
        },
        { signal },
      ),
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: useEveryWhileNewest(EVERY_MS),
  });
  const filter = (name: 'model' | 'agent' | 'status', value: string): void => {
    const { [name]: _, ...others } = search;
    void navigate({ search: value === '' ? others : { ...others, [name]: value }, replace: true });
  };
  const totals = query.data?.pages[0]?.totals;
  return (
    <Page
      title="Requests"
      about={
        totals
          ? `${shortCount(totals.calls)} calls, ${shortUsd(totals.cost_usd)}, ${shortCount(totals.input_tokens)} tokens in and ${shortCount(totals.output_tokens)} out`
          : 'Every model call, newest first.'
      }
      actions={
        <>
          <BackToNewest queryKey={queryKey} pages={query.data?.pages.length ?? 0} />
          <SavedViews />
        </>
      }
    >
      {query.error === null ? null : (
        <Failure error={query.error} again={() => void query.refetch()} />
      )}
      <Panel isFlush>
        <div className="border-line grid gap-3 border-b p-3 sm:grid-cols-3">
          <Field
            label="Model"
            data-search
            key={`model ${search.model === undefined}`}
            defaultValue={search.model ?? ''}
            placeholder="any"
            onChange={(event) => filter('model', event.target.value.trim())}
          />
          <Field
            label="Agent"
            defaultValue={search.agent ?? ''}
            placeholder="any"
            onChange={(event) => filter('agent', event.target.value.trim())}
          />
          <Choice
            label="Status"
            value={search.status ?? ''}
            onChange={(event) => filter('status', event.target.value)}
          >
            <option value="">any</option>
            {REQUEST_STATUSES.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </Choice>
        </div>
        {query.data === undefined ? null : (
          <LongTable<Spend>
            label="Model calls"
            rows={query.data.pages.flatMap((page) => page.spend)}
            hasMore={query.hasNextPage}
            onMore={() => {
              if (!query.isFetchingNextPage) void query.fetchNextPage();
            }}
            keyOf={({ id, kind }) => `${id} ${kind}`}
            empty={
              <Empty
                what="No call is like that. All of them are listed by"
                command="sagewai spend export"
              />
            }
            columns={[
              {
                name: 'Status',
                show: ({ status, kind }) => (
                  <Badge tone={status === 'ok' ? 'ok' : 'bad'}>
                    {kind === 'correction' ? 'correction' : status}
                  </Badge>
                ),
              },
              { name: 'Model', show: ({ model }) => model },
              { name: 'Deployment', show: ({ deployment }) => deployment, isExtra: true },
              {
                name: 'Cost',
                show: ({ cost_usd: usd }) =>
                  usd === null ? 'nobody knows' : <span title={`$${usd}`}>{shortUsd(usd)}</span>,
                isNumber: true,
              },
              { name: 'Tokens', show: (one) => <Tokens of={one} />, isNumber: true, isExtra: true },
              {
                name: 'Took',
                show: ({ started_at: from, settled_at: to }) =>
                  shortDuration(Date.parse(to) - Date.parse(from)),
                isNumber: true,
                isExtra: true,
              },
              { name: 'Agent', show: ({ agent }) => agent ?? '–', isExtra: true },
              { name: 'Run', show: ({ run_id: id }) => <OfRun id={id} />, isExtra: true },
              { name: 'Began', show: ({ started_at: at }) => <Time at={at} /> },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function Tokens({ of }: { of: Spend }): ReactElement {
  return (
    <span title={`told by: ${of.usage_source}; ${of.cached_input_tokens} of those in were cached`}>
      {shortCount(of.input_tokens)} → {shortCount(of.output_tokens)}
    </span>
  );
}

function OfRun({ id }: { id: string | null }): ReactElement {
  if (id === null) return <span className="text-muted">–</span>;
  return (
    <Link
      to="/runs/$runId"
      params={{ runId: id }}
      className="text-accent font-mono text-xs hover:underline"
    >
      {id.slice(0, 13)}…
    </Link>
  );
}

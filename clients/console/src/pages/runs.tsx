import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { call, connection } from '../api/server.ts';
import { CancelMany } from '../runs/cancel-many.tsx';
import { RunRows } from '../runs/run-rows.tsx';
import { STATES } from '../runs/run-search.ts';
import { BackToNewest } from '../shell/back-to-newest.tsx';
import { useEveryWhileNewest } from '../shell/live.ts';
import { SavedViews } from '../shell/saved-views.tsx';
import { Failure } from '../ui/failure.tsx';
import { Filter } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';

const PAGE = 100;
const EVERY_MS = 2_000;

export function RunsPage(): ReactElement {
  const search = useSearch({ from: '/runs' });
  const navigate = useNavigate({ from: '/runs' });
  const { project, organization } = connection.use();
  const queryKey = ['runs.listRuns', search, project, organization];
  const query = useInfiniteQuery({
    queryKey,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call(
        'runs.listRuns',
        {
          query: {
            ...search,
            limit: PAGE,
            ...(project === null ? {} : { project }),
            ...(pageParam === null ? {} : { cursor: pageParam }),
          },
        },
        { signal },
      ),
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: useEveryWhileNewest(EVERY_MS),
  });
  const runs = query.data?.pages.flatMap((page) => page.runs) ?? [];
  return (
    <Page
      title="Runs"
      about="Newest first. Choose one to see what it did, and why it is where it is."
      actions={
        <>
          <BackToNewest queryKey={queryKey} pages={query.data?.pages.length ?? 0} />
          <SavedViews />
          <CancelMany />
        </>
      }
    >
      <Panel
        isFlush
        title={
          <Filter
            label="State"
            data-search
            value={search.state ?? ''}
            onChange={(event) => {
              const state = STATES.find((each) => each === event.target.value);
              void navigate({ search: state === undefined ? {} : { state } });
            }}
          >
            <option value="">every state</option>
            {STATES.map((state) => (
              <option key={state}>{state}</option>
            ))}
          </Filter>
        }
        actions={
          search.state === undefined ? undefined : (
            <Link to="/runs" search={{}} className="text-accent text-xs underline">
              Clear the filter
            </Link>
          )
        }
      >
        {query.error === null ? null : (
          <div className="p-3">
            <Failure error={query.error} again={() => void query.refetch()} />
          </div>
        )}
        {query.data !== undefined && runs.length === 0 ? (
          <div className="p-4">
            <Empty
              what={
                search.state === undefined ? 'There is no run yet.' : `No run is ${search.state}.`
              }
              command={'sagewai runs submit --model simulated --message "Hello" --wait'}
            />
          </div>
        ) : (
          <RunRows
            runs={runs}
            hasMore={query.hasNextPage}
            onMore={() => {
              if (!query.isFetchingNextPage) void query.fetchNextPage();
            }}
          />
        )}
      </Panel>
    </Page>
  );
}

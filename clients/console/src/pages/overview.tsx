import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { NeedsAttention } from '../overview/needs-attention.tsx';
import { Tiles } from '../overview/tiles.tsx';
import { RunRows } from '../runs/run-rows.tsx';
import { useEvery } from '../shell/live.ts';
import { Empty, Page, Panel } from '../ui/panel.tsx';

const EVERY_MS = 2_000;

export function OverviewPage(): ReactElement {
  const latest = useQuery({
    ...ask('runs.listRuns', { query: { limit: 12 } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Page title="Overview">
      <Tiles />
      <NeedsAttention />
      <Panel title="Latest runs" isFlush>
        {latest.data?.runs.length === 0 ? (
          <div className="flex flex-col gap-3 p-4">
            <Empty
              what="There is no run yet. The first one is a command away:"
              command={'sagewai runs submit --model simulated --message "Hello" --wait'}
            />
            <p>
              Or, step by step:{' '}
              <Link to="/start" className="text-accent underline">
                get started
              </Link>
            </p>
          </div>
        ) : (
          <RunRows runs={latest.data?.runs ?? []} hasMore={false} onMore={() => undefined} />
        )}
      </Panel>
    </Page>
  );
}

import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { shortCount } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Queue = CallOutput<'fleet.listQueues'>['queues'][number];
type Pending = CallOutput<'fleet.listPending'>['queues'][number];

const EVERY_MS = 3_000;

export function QueuesPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const queues = useQuery({ ...ask('fleet.listQueues', {}), refetchInterval });
  const pending = useQuery({ ...ask('fleet.listPending', {}), refetchInterval });
  const error = queues.error ?? pending.error;
  return (
    <Page
      title="Queues"
      about="What waits in each pool, for what, and whether anybody can serve it."
    >
      {error === null ? null : <Failure error={error} />}
      <Panel title="Pools" isFlush>
        <Table
          label="Pools"
          rows={queues.data?.queues ?? []}
          keyOf={({ pool, project_id: project }) => `${pool} ${project ?? ''}`}
          empty={
            <Empty
              what="No pool has had a run yet."
              command={'sagewai runs submit --model simulated --message "Hello"'}
            />
          }
          columns={[
            {
              name: 'Pool',
              show: ({ pool, project_id: project }) =>
                project === null ? pool : `${pool} (one project)`,
            },
            {
              name: 'State',
              show: ({ paused }) =>
                paused ? <Badge tone="warn">paused</Badge> : <Badge tone="ok">open</Badge>,
            },
            {
              name: 'Waits for a worker',
              show: ({ pending: count }) => shortCount(count),
              isNumber: true,
            },
            {
              name: 'Held back',
              show: ({ blocked }) => shortCount(blocked.paused + blocked.cap + blocked.rate),
              isNumber: true,
              isExtra: true,
            },
            { name: 'Oldest', show: ({ oldest_at: at }) => <Time at={at} />, isExtra: true },
            {
              name: 'May wait',
              show: ({ max_queued: max }) => (max === null ? 'any number' : shortCount(max)),
              isNumber: true,
              isExtra: true,
            },
            { name: 'Actions', show: (queue) => <Pause queue={queue} />, isNumber: true },
          ]}
        />
      </Panel>
      <Panel title="What waits" isFlush>
        <Table
          label="What waits, by requirement"
          rows={pending.data?.queues ?? []}
          keyOf={requirementOf}
          empty={<Empty what="Nothing waits." />}
          columns={[
            {
              name: 'Can it be served?',
              show: ({ unmatchable, reason }) =>
                unmatchable ? (
                  <span className="flex flex-wrap items-baseline gap-2">
                    <Badge tone="bad">nobody can</Badge> {reason}
                  </span>
                ) : (
                  <Badge tone="ok">yes</Badge>
                ),
            },
            { name: 'Pool', show: ({ pool }) => pool },
            { name: 'Model', show: ({ model }) => model ?? 'any' },
            {
              name: 'Labels',
              show: ({ labels, selectors }) =>
                [
                  ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
                  ...selectors,
                ].join(' ') || '–',
              isExtra: true,
            },
            {
              name: 'Runs',
              show: ({ pending: count, pending_counted: isAll }) =>
                `${shortCount(count)}${isAll ? '' : '+'}`,
              isNumber: true,
            },
          ]}
        />
      </Panel>
    </Page>
  );
}

const requirementOf = ({ project_id: project, pool, model, labels, selectors }: Pending): string =>
  JSON.stringify([project, pool, model, labels, selectors]);

function Pause({ queue }: { queue: Queue }): ReactElement {
  const pause = useAct('fleet.pause');
  const resume = useAct('fleet.resume');
  const act = queue.paused ? resume : pause;
  const body = {
    pool: queue.pool,
    ...(queue.project_id === null ? {} : { project: queue.project_id }),
  };
  return (
    <>
      <ActButton act={act} onAct={() => void act.run({ body })}>
        {queue.paused ? 'Resume' : 'Pause'}
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

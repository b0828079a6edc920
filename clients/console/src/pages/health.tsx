import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { percent, shortCount, shortDuration } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Meter } from '../ui/meter.tsx';
import { Facts, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

type Dependency = NonNullable<CallOutput<'server.getAdminHealth'>['dependencies']>[number];

const EVERY_MS = 3_000;
const SECOND_MS = 1_000;
const KIB = 1_024;
const WHEN = {
  always: 'of every call',
  asked: 'of calls that ask for it',
  named: 'where a model or a key says so',
} as const;

/** What runs here, how it does, and what it keeps of earlier answers. */
export function HealthPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const health = useQuery({ ...ask('server.getAdminHealth', {}), refetchInterval });
  const { data } = health;
  return (
    <Page title="Health" about="The server that answers here, and what it depends on.">
      {health.error === null ? null : <Failure error={health.error} />}
      {data === undefined ? null : (
        <Panel title={<Status status={data.status} />} isFlush>
          <div className="p-3">
            <Facts
              of={[
                ['Version', data.version ?? 'told to members alone'],
                [
                  'Runs for',
                  data.uptime_seconds === undefined
                    ? '–'
                    : shortDuration(data.uptime_seconds * SECOND_MS),
                ],
              ]}
            />
          </div>
          <Dependencies dependencies={data.dependencies ?? []} />
        </Panel>
      )}
      <AnswerCache />
    </Page>
  );
}

function Status({ status }: { status: 'ok' | 'degraded' }): ReactElement {
  return status === 'ok' ? (
    <Badge tone="ok">all is well</Badge>
  ) : (
    <Badge tone="bad">something is away</Badge>
  );
}

function Dependencies({ dependencies }: { dependencies: readonly Dependency[] }): ReactElement {
  return (
    <Table<Dependency>
      label="What it depends on"
      rows={dependencies}
      keyOf={({ name }) => name}
      empty={<p className="text-muted">What it depends on is told to members alone.</p>}
      columns={[
        {
          name: 'State',
          show: ({ state }) => <Badge tone={state === 'up' ? 'ok' : 'bad'}>{state}</Badge>,
        },
        { name: 'Name', show: ({ name }) => name },
        { name: 'Version', show: ({ version }) => version ?? '–' },
        {
          name: 'Answers in',
          show: ({ latency_ms: ms }) => (ms === null ? '–' : `${ms.toFixed(1)} ms`),
          isNumber: true,
        },
        { name: 'It says', show: ({ detail }) => detail ?? '–', isExtra: true },
      ]}
    />
  );
}

function AnswerCache(): ReactElement {
  const { data, error } = useQuery({
    ...ask('gateway.getAnswerCache', {}),
    refetchInterval: useEvery(EVERY_MS),
  });
  if (error !== null) return <Failure error={error} />;
  if (data === undefined) return <Panel title="Kept answers">Reading …</Panel>;
  const kept = data.deployments.filter(({ is_kept: isKept }) => isKept);
  return (
    <Panel title="Kept answers">
      <div className="flex flex-col gap-3">
        <Meter
          fraction={data.bytes_max === 0 ? 0 : data.bytes / data.bytes_max}
          label="Memory for kept answers"
          isCalm
        />
        <Facts
          of={[
            ['Kept are answers', WHEN[data.when]],
            ['For', shortDuration(data.ttl_seconds * SECOND_MS)],
            ['Answers', shortCount(data.entries)],
            [
              'Memory',
              `${shortCount(Math.ceil(data.bytes / KIB))} of ${shortCount(Math.ceil(data.bytes_max / KIB))} KiB, ${percent(data.bytes_max === 0 ? 0 : data.bytes / data.bytes_max)}`,
            ],
            ['Deployments', kept.map(({ id }) => id).join(', ') || 'as said above'],
          ]}
        />
      </div>
    </Panel>
  );
}

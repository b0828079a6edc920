import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { AnomalyThresholds } from '../fleet/anomaly-thresholds.tsx';
import { shortCount } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Filter } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Anomaly = CallOutput<'fleet.listAnomalies'>['anomalies'][number];

const EVERY_MS = 3_000;
const WORDS = {
  rate_limit: 'asks for more work than it takes',
  excessive_failures: 'fails again and again',
  heartbeat_timeout: 'is silent',
  model_mismatch: 'answers by another model',
} as const satisfies Record<Anomaly['kind'], string>;

/** What workers do that they should not. */
export function AnomaliesPage(): ReactElement {
  const [isAll, setAll] = useState(false);
  const refetchInterval = useEvery(EVERY_MS);
  const query = isAll ? { limit: 200 } : { open: 'true' as const, limit: 200 };
  const { data, error, refetch } = useQuery({
    ...ask('fleet.listAnomalies', { query }),
    refetchInterval,
  });
  const workers = useQuery(ask('fleet.listWorkers', { query: {} }));
  const settings = useQuery(ask('fleet.getAnomalySettings', {}));
  const names = new Map(workers.data?.workers.map(({ id, name }) => [id, name]));
  return (
    <Page
      title="Anomalies"
      about="What workers do that they should not. Several kinds at once revoke a worker, unless you say otherwise."
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel
        isFlush
        title={
          <Filter
            label="Which"
            data-search
            value={isAll ? 'all' : 'open'}
            onChange={({ target: { value } }) => setAll(value === 'all')}
          >
            <option value="open">that nobody has looked at</option>
            <option value="all">all</option>
          </Filter>
        }
      >
        {data === undefined ? null : (
          <Table<Anomaly>
            label="Anomalies"
            rows={data.anomalies}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="No worker stands out. They are listed too by"
                command="sagewai fleet anomalies list --open"
              />
            }
            columns={[
              { name: 'Worker', show: ({ worker_id: id }) => names.get(id) ?? id },
              {
                name: 'What it does',
                show: ({ kind, revoked }) => (
                  <span className="flex flex-wrap items-center gap-2">
                    {WORDS[kind]} {revoked ? <Badge tone="bad">revoked</Badge> : null}
                  </span>
                ),
              },
              {
                name: 'Seen',
                show: ({ observed, allowed }) =>
                  `${shortCount(observed)} of ${shortCount(allowed)}`,
                isNumber: true,
              },
              { name: 'Pool', show: ({ pool }) => pool, isExtra: true },
              { name: 'Raised', show: ({ raised_at: at }) => <Time at={at} />, isExtra: true },
              { name: 'Actions', show: (anomaly) => <Clear of={anomaly} />, isNumber: true },
            ]}
          />
        )}
      </Panel>
      {settings.error === null ? null : <Failure error={settings.error} />}
      {settings.data === undefined ? null : <AnomalyThresholds settings={settings.data} />}
    </Page>
  );
}

function Clear({ of }: { of: Anomaly }): ReactElement {
  const act = useAct('fleet.resetWorker');
  return (
    <>
      <ActButton
        act={act}
        unless={of.cleared_by === null ? null : `${of.cleared_by} has looked at it.`}
        onAct={() => void act.run({ params: { worker_id: of.worker_id } })}
      >
        Clear, and count anew
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

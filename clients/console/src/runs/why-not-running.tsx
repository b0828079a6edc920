import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useEvery } from '../shell/live.ts';
import { Failure } from '../ui/failure.tsx';
import { Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

const EVERY_MS = 3_000;

/** Why a run waits, the weightiest reason first, and which workers come nearest. */
export function WhyNotRunning({ runId }: { runId: string }): ReactElement {
  const { data, error } = useQuery({
    ...ask('runs.explainRun', { params: { run_id: runId } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Panel title="Why is it not running?">
      {error === null ? null : <Failure error={error} />}
      {data === undefined ? null : (
        <div className="flex flex-col gap-3">
          <ul className="flex flex-col gap-1.5">
            {data.reasons.map(({ code, text }) => (
              <li key={code} className="flex flex-wrap items-baseline gap-2">
                <span>{text}</span>
                <code className="text-muted font-mono text-xs">{code}</code>
              </li>
            ))}
          </ul>
          <p className="text-muted text-xs">
            {data.workers_matching === 1 ? '1 worker may' : `${data.workers_matching} workers may`}{' '}
            have it.
          </p>
          {data.nearest.length === 0 ? null : (
            <Table
              label="The workers that come nearest"
              columns={[
                { name: 'Nearest worker', show: ({ name }) => name },
                { name: 'Pool', show: ({ pool }) => pool },
                {
                  name: 'Busy',
                  show: (worker) => `${worker.active_runs} of ${worker.max_concurrent}`,
                  isNumber: true,
                },
                {
                  name: 'Lacks',
                  show: ({ lacks }) => (lacks.length === 0 ? 'nothing' : lacks.join('; ')),
                },
              ]}
              rows={data.nearest}
              keyOf={({ worker_id: id }) => id}
              empty={null}
            />
          )}
        </div>
      )}
    </Panel>
  );
}

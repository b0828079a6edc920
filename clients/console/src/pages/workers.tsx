import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { type Worker, WorkerActions } from '../fleet/worker-actions.tsx';
import { useEvery } from '../shell/live.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { Hint } from '../ui/button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Meter } from '../ui/meter.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

const EVERY_MS = 2_000;
/** Ended ones are history: behind those that work or want to. */
const ORDER = ['pending', 'locked', 'approved'];

const TONES = {
  pending: 'warn',
  approved: 'ok',
  rejected: 'idle',
  revoked: 'bad',
  locked: 'bad',
  evicted: 'idle',
  banned: 'bad',
} as const satisfies Record<Worker['status'], Tone>;

export function WorkersPage(): ReactElement {
  const { data, error, refetch } = useQuery({
    ...ask('fleet.listWorkers', { query: { limit: 1_000 } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  const rank = ({ status }: Worker): number =>
    (ORDER.indexOf(status) + ORDER.length + 1) % (ORDER.length + 1);
  const workers = (data?.workers ?? []).toSorted(
    (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name),
  );
  return (
    <Page title="Workers" about="Machines that take runs. Those that ask to join are first.">
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table
            label="Workers"
            rows={workers}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="There is no worker yet. Make an enrollment key, and start one with it:"
                command={`FLEET_GATEWAY_URL=${SERVER_URL} ENROLLMENT_KEY=sk-fleet-… sagewai worker`}
              />
            }
            columns={[
              { name: 'State', show: (worker) => <State worker={worker} /> },
              {
                name: 'Name',
                show: ({ name, version }) => (
                  <span
                    title={version === null ? undefined : `version ${version}`}
                    className="whitespace-nowrap"
                  >
                    {name}
                  </span>
                ),
              },
              { name: 'Pool', show: ({ pool }) => pool, isExtra: true },
              { name: 'Labels', show: ({ labels }) => <Labels labels={labels} />, isExtra: true },
              { name: 'Models', show: (worker) => <Models worker={worker} />, isExtra: true },
              { name: 'Load', show: (worker) => <Load worker={worker} /> },
              {
                name: 'Heard',
                show: ({ last_heartbeat: at }) => <Time at={at} otherwise="never" />,
                isExtra: true,
              },
              {
                name: 'Actions',
                show: (worker) => <WorkerActions worker={worker} />,
                isNumber: true,
              },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function State({ worker }: { worker: Worker }): ReactElement {
  const { status, draining, probe_status: probe, reason } = worker;
  if (status === 'approved' && draining) return <Badge tone="warn">draining</Badge>;
  if (status === 'approved' && probe === 'degraded') return <Badge tone="warn">degraded</Badge>;
  const badge = <Badge tone={TONES[status]}>{status}</Badge>;
  return reason === null ? badge : <span title={reason}>{badge}</span>;
}

/** Those that people gave; ours begin with our name, and stand on the worker's own page of the command line. */
function Labels({ labels }: Pick<Worker, 'labels'>): ReactElement {
  const given = Object.entries(labels).filter(([name]) => !name.startsWith('sagewai.'));
  const text = given.map(([name, value]) => `${name}=${value}`).join(' ');
  return (
    <span title={text} className="block max-w-56 truncate">
      {text || '–'}
    </span>
  );
}

/** What it serves, and what of that it found it can reach. */
function Models({ worker }: { worker: Worker }): ReactElement {
  const away = worker.probes.filter(({ reachable }) => reachable === false);
  const text = worker.models.join(', ') || 'any';
  const shown = (
    <span tabIndex={0} className="block max-w-56 truncate">
      {text}
      {away.length > 0 ? <span className="text-warn ml-1">({away.length} not reached)</span> : null}
    </span>
  );
  const told = worker.probes.map(
    ({ model, reachable, latency_ms: ms, error }) =>
      `${model}: ${reachable === true ? `reached${ms === null ? '' : ` in ${Math.round(ms)} ms`}` : (error ?? 'not asked')}`,
  );
  return <Hint text={told.length === 0 ? text : told.join(' · ')}>{shown}</Hint>;
}

function Load({ worker }: { worker: Worker }): ReactElement {
  const { active_runs: active, max_concurrent: max } = worker;
  return (
    <span className="flex min-w-20 flex-col gap-1">
      <span className="text-xs">
        {active} of {max}
      </span>
      <Meter fraction={max === 0 ? 0 : active / max} label={`Load of ${worker.name}`} isCalm />
    </span>
  );
}

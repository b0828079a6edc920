import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';

import { ask } from '../api/server.ts';
import { shortCount, shortDuration, shortUsd } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { Sparkline } from '../ui/sparkline.tsx';
import { useHistory } from './use-history.ts';

const EVERY_MS = 2_000;
const SPEND_EVERY_MS = 10_000;

const today = (): string => new Date().toISOString().slice(0, 10);

export function Tiles(): ReactElement {
  const every = useEvery(EVERY_MS);
  const scaling = useQuery({ ...ask('fleet.readScaling', { query: {} }), refetchInterval: every });
  const spend = useQuery({
    ...ask('ledger.reportSpend', { query: { since: today(), until: today(), limit: 1 } }),
    refetchInterval: useEvery(SPEND_EVERY_MS),
  });
  const pending = useHistory(scaling.data?.pending_runs, scaling.dataUpdatedAt);
  const active = useHistory(scaling.data?.active_runs, scaling.dataUpdatedAt);
  const fleet = scaling.data;
  const totals = spend.data?.totals;
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-4">
      <Tile
        to="/runs"
        search={{ state: 'running' }}
        name="Running"
        value={fleet && shortCount(fleet.active_runs)}
        note={fleet && `of ${shortCount(fleet.slots)} slots`}
        history={active}
      />
      <Tile
        to="/runs"
        search={{ state: 'queued' }}
        name="Waiting for a worker"
        value={fleet && shortCount(fleet.pending_runs)}
        note={
          fleet &&
          (fleet.pending_runs === 0
            ? 'nothing waits'
            : `oldest ${shortDuration(fleet.oldest_age_seconds * 1_000)}`)
        }
        history={pending}
      />
      <Tile
        to="/fleet/workers"
        name="Workers"
        value={fleet && shortCount(fleet.workers)}
        note={
          fleet &&
          (fleet.unmatchable > 0
            ? `${fleet.unmatchable === 1 ? '1 run' : `${shortCount(fleet.unmatchable)} runs`} nobody can serve`
            : 'every run can be served')
        }
      />
      <Tile
        to="/spend"
        name="Spent today (UTC)"
        value={totals && <span title={`$${totals.cost_usd}`}>{shortUsd(totals.cost_usd)}</span>}
        note={
          totals &&
          `${totals.calls === 1 ? '1 call' : `${shortCount(totals.calls)} calls`}, ${shortCount(totals.failed_calls)} failed`
        }
      />
    </div>
  );
}

function Tile(of: {
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly name: string;
  readonly value: ReactNode;
  readonly note: ReactNode;
  readonly history?: readonly number[];
}): ReactElement {
  const { to, search = {}, name, value, note, history = [] } = of;
  return (
    <Link
      to={to}
      search={search}
      className="border-line bg-panel hover:border-line-strong flex flex-col gap-1 rounded-md border p-3"
    >
      <span className="text-muted text-xs">{name}</span>
      <span className="text-2xl leading-tight font-semibold tracking-tight">{value ?? '–'}</span>
      <span className="text-muted text-xs">{note ?? ' '}</span>
      <Sparkline values={history} />
    </Link>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useEvery } from '../shell/live.ts';
import { Badge } from '../ui/badge.tsx';
import { Panel } from '../ui/panel.tsx';
import { findConcerns } from './find-concerns.ts';

const EVERY_MS = 5_000;

/** What a person should look at, each a link to its cause. */
export function NeedsAttention(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const workers = useQuery({
    ...ask('fleet.listWorkers', { query: { limit: 1_000 } }),
    refetchInterval,
  });
  const pending = useQuery({ ...ask('fleet.listPending', {}), refetchInterval });
  const waiting = useQuery({
    ...ask('runs.listRuns', { query: { state: 'waiting', limit: 50 } }),
    refetchInterval,
  });
  const calls = useQuery({
    ...ask('tools.listToolCalls', { query: { state: 'waiting', limit: 50 } }),
    refetchInterval,
  });
  const stalled = useQuery({
    ...ask('fleet.listStalled', { query: { limit: 50 } }),
    refetchInterval,
  });
  const dead = useQuery({
    ...ask('fleet.listDeadLetters', { query: { limit: 50 } }),
    refetchInterval,
  });
  const budgets = useQuery({
    ...ask('ledger.listBudgets', { query: { limit: 200 } }),
    refetchInterval,
  });
  const anomalies = useQuery({
    ...ask('fleet.listAnomalies', { query: { open: 'true', limit: 50 } }),
    refetchInterval,
  });
  const concerns = findConcerns({
    workers: workers.data?.workers ?? [],
    queues: pending.data?.queues ?? [],
    waiting: waiting.data?.runs ?? [],
    calls: calls.data?.calls ?? [],
    stalled: stalled.data?.runs ?? [],
    dead: dead.data?.dead_letters ?? [],
    budgets: budgets.data?.budgets ?? [],
    anomalies: anomalies.data?.anomalies ?? [],
  });
  return (
    <Panel title="Needs attention">
      {concerns.length === 0 ? (
        <p className="text-muted">Nothing does.</p>
      ) : (
        <ul className="flex flex-col gap-2">
          {concerns.map(({ key, tone, what, why, to }) => (
            <li key={key} className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
              <Badge tone={tone}>{what}</Badge>
              <Link
                to={to}
                className="hover:text-accent min-w-0 underline decoration-1 underline-offset-2"
              >
                {why}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { NewEnrollmentKey } from '../fleet/new-enrollment-key.tsx';
import { useEvery } from '../shell/live.ts';
import { FirstRun } from '../start/first-run.tsx';
import { Step } from '../start/step.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page } from '../ui/panel.tsx';

const EVERY_MS = 1_500;

/** From an empty installation to a first run that has completed: what is there, and what is to do. */
export function StartPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const models = useQuery({ ...ask('gateway.listModels', { query: {} }), refetchInterval });
  const workers = useQuery({
    ...ask('fleet.listWorkers', { query: { limit: 200 } }),
    refetchInterval,
  });
  const done = useQuery({
    ...ask('runs.listRuns', { query: { state: 'completed', limit: 1 } }),
    refetchInterval,
  });
  const names = models.data?.data.map(({ id }) => id) ?? [];
  const approved = workers.data?.workers.filter(({ status }) => status === 'approved') ?? [];
  const pending = workers.data?.workers.filter(({ status }) => status === 'pending') ?? [];
  const error = models.error ?? workers.error ?? done.error;
  return (
    <Page title="Get started" about="From an empty installation to a first run that turns green.">
      {error === null ? null : <Failure error={error} />}
      <Step name="1. A model" isDone={names.length > 0}>
        {names.length > 0 ? (
          <p>
            {names.length === 1 ? 'One can be called' : `${names.length} can be called`}:{' '}
            <Link to="/models" className="text-accent underline">
              {names.slice(0, 5).join(', ')}
            </Link>
            . <span className="text-muted">Try one in the</span>{' '}
            <Link to="/playground" className="text-accent underline">
              playground
            </Link>
            .
          </p>
        ) : (
          <Empty
            what="The server knows no model yet. Give it the key of a provider where it starts:"
            command="OPENAI_API_KEY=sk-… npm run up"
          />
        )}
      </Step>
      <Step name="2. A worker" isDone={approved.length > 0}>
        {approved.length > 0 ? (
          <p>
            {approved.length === 1 ? 'One works' : `${approved.length} work`}:{' '}
            <Link to="/fleet/workers" className="text-accent underline">
              {approved
                .slice(0, 5)
                .map(({ name }) => name)
                .join(', ')}
            </Link>
            .
          </p>
        ) : (
          <p className="text-muted">
            None has arrived. Make an enrollment key, and paste one of its commands on a machine:
            this page notices.
          </p>
        )}
        {pending.map(({ id, name }) => (
          <p key={id} className="text-warn">
            {name} asks to be approved, under{' '}
            <Link to="/fleet/workers" className="underline">
              Workers
            </Link>
            .
          </p>
        ))}
        <NewEnrollmentKey />
      </Step>
      <Step name="3. A first run" isDone={(done.data?.runs.length ?? 0) > 0}>
        {names.length === 0 ? (
          <p className="text-muted">It needs a model.</p>
        ) : (
          <FirstRun models={names} />
        )}
      </Step>
    </Page>
  );
}

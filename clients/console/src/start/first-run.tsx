import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { StateBadge } from '../runs/state-badge.tsx';
import { WhyNotRunning } from '../runs/why-not-running.tsx';
import { useEvery } from '../shell/live.ts';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';

const EVERY_MS = 1_000;

/** Submits a run of one message, and stays with it until it has ended. */
export function FirstRun({ models }: { models: readonly string[] }): ReactElement {
  const act = useAct('runs.submitRun');
  const [runId, setRunId] = useState<string | null>(null);
  const submit = async (model: string, message: string): Promise<void> => {
    const payload = { agent: { name: 'first-agent', model }, message };
    const made = await act.run({ body: { model, payload } });
    if (made !== null) setRunId(made.id);
  };
  return (
    <>
      <div className="w-full max-w-md">
        <Form
          action="Submit it"
          isPending={act.isPending}
          objection={act.objection}
          onSubmit={(data) => void submit(data('model'), data('message'))}
        >
          <Choice label="Model" name="model">
            {models.map((model) => (
              <option key={model}>{model}</option>
            ))}
          </Choice>
          <Field label="Message" name="message" required defaultValue="Say hello." />
        </Form>
      </div>
      {act.error === null ? null : <Failure error={act.error} />}
      {runId === null ? null : <Submitted key={runId} runId={runId} />}
    </>
  );
}

function Submitted({ runId }: { runId: string }): ReactElement | null {
  const every = useEvery(EVERY_MS);
  const { data } = useQuery({
    ...ask('runs.getRun', { params: { run_id: runId } }),
    refetchInterval: ({ state }) => (state.data?.finished_at == null ? every : false),
  });
  if (data === undefined) return null;
  return (
    <>
      <p role="status" className="flex flex-wrap items-center gap-2">
        The run is <StateBadge state={data.state} />
        <Link to="/runs/$runId" params={{ runId }} className="text-accent underline">
          See what it did
        </Link>
      </p>
      {data.error === null ? null : <p className="text-bad">{data.error}</p>}
      {data.state === 'queued' ? <WhyNotRunning runId={runId} /> : null}
    </>
  );
}

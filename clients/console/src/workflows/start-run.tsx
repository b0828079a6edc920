import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { readJson } from '../runs/read-json.ts';
import { Failure } from '../ui/failure.tsx';
import { Choice } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { JsonField } from '../ui/json-field.tsx';
import { skeletonOf } from './skeleton-of.ts';

type Workflow = CallOutput<'workflows.getWorkflow'>;
type PastRun = CallOutput<'workflows.listRuns'>['runs'][number];

const asText = (value: unknown): string => JSON.stringify(value, null, 2);

/** Runs a workflow with an input of one's own, or with that of a run before. */
export function StartRun(of: {
  readonly workflow: Workflow;
  readonly runs: readonly PastRun[];
}): ReactElement {
  const { workflow, runs } = of;
  const [pastId, setPastId] = useState('');
  const past = useQuery({
    ...ask('runs.getRun', { params: { run_id: pastId } }),
    enabled: pastId !== '',
    staleTime: Infinity,
  });
  const given =
    pastId === '' || past.data === undefined
      ? asText(skeletonOf(workflow.input_schema))
      : asText(inputOf(past.data.payload));
  return (
    <div className="flex flex-col gap-3">
      <Choice
        label="Begin with the input of"
        value={pastId}
        onChange={(event) => setPastId(event.target.value)}
      >
        <option value="">its schema</option>
        {runs.map(({ id, state, created_at: at }) => (
          <option key={id} value={id}>
            {`${at.slice(0, 19).replace('T', ' ')} UTC, ${state}, ${id.slice(0, 13)}…`}
          </option>
        ))}
      </Choice>
      {past.error === null ? null : <Failure error={past.error} />}
      <InputForm key={given} workflow={workflow} given={given} />
    </div>
  );
}

function InputForm({ workflow, given }: { workflow: Workflow; given: string }): ReactElement {
  const act = useAct('workflows.submitRun');
  const navigate = useNavigate();
  const [mistake, setMistake] = useState<string | null>(null);
  const submit = async (text: string): Promise<void> => {
    const input = readJson(text);
    setMistake(input.kind === 'mistake' ? input.why : null);
    if (input.kind === 'mistake') return;
    const params = { workflow: workflow.name };
    const made = await act.run({ params, body: { input: input.value } });
    if (made !== null) void navigate({ to: '/runs/$runId', params: { runId: made.id } });
  };
  return (
    <Form
      action="Run it"
      isPending={act.isPending}
      objection={act.objection}
      onSubmit={(data) => void submit(data('input'))}
    >
      <JsonField label="Input" name="input" given={given} rows={10} />
      {mistake === null ? null : <p className="text-bad">{mistake}</p>}
      {act.error === null ? null : <Failure error={act.error} />}
    </Form>
  );
}

const inputOf = (payload: unknown): unknown =>
  typeof payload === 'object' && payload !== null && 'input' in payload ? payload.input : null;

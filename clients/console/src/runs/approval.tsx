import type { CallOutput } from '@sagewai/sdk';
import { type ReactElement, type ReactNode, useState } from 'react';

import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Panel } from '../ui/panel.tsx';
import { Time } from '../ui/time.tsx';
import { readJson } from './read-json.ts';

type Waiting = NonNullable<CallOutput<'runs.getRun'>['waiting']>;

/** What a run waits for. Only this very wait is answered: a later one of the same run is not meant. */
export function Approval(of: {
  readonly runId: string;
  readonly waiting: Waiting;
  readonly link?: ReactNode;
}): ReactElement {
  const { runId, waiting, link } = of;
  return (
    <Panel
      title={
        waiting.for === 'approval'
          ? `Waits for approval: ${waiting.name}`
          : `Waits for ${waiting.for}: ${waiting.name}`
      }
      actions={link}
    >
      <div className="flex flex-col gap-3">
        {waiting.prompt === null ? null : <p className="whitespace-pre-wrap">{waiting.prompt}</p>}
        <p className="text-muted text-xs">
          Since <Time at={waiting.since} />, at the longest until <Time at={waiting.until} />.
        </p>
        {waiting.for === 'approval' ? <Decision runId={runId} waiting={waiting} /> : null}
        {waiting.for === 'signal' ? <Signal runId={runId} name={waiting.name} /> : null}
      </div>
    </Panel>
  );
}

function Decision({ runId, waiting }: { runId: string; waiting: Waiting }): ReactElement {
  const approve = useAct('runs.approveRun');
  const deny = useAct('runs.denyRun');
  const [reason, setReason] = useState('');
  const body = { wait: waiting.wait, ...(reason === '' ? {} : { value: { reason } }) };
  const answer = { params: { run_id: runId }, body };
  const error = approve.error ?? deny.error;
  return (
    <>
      <Field
        label="Reason"
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        hint="Given to the run, and kept."
      />
      <div className="flex gap-2">
        <ActButton act={approve} look="main" onAct={() => void approve.run(answer)}>
          Approve
        </ActButton>
        <ActButton act={deny} look="danger" onAct={() => void deny.run(answer)}>
          Deny
        </ActButton>
      </div>
      {error === null ? null : <Failure error={error} />}
    </>
  );
}

/** What the run is told is its own to understand: any JSON. */
function Signal({ runId, name }: { runId: string; name: string }): ReactElement {
  const act = useAct('runs.signalRun');
  const [mistake, setMistake] = useState<string | null>(null);
  const send = (text: string): void => {
    const read = text.trim() === '' ? ({ kind: 'value', value: null } as const) : readJson(text);
    setMistake(read.kind === 'mistake' ? read.why : null);
    if (read.kind === 'mistake') return;
    void act.run({ params: { run_id: runId }, body: { name, value: read.value } });
  };
  return (
    <Form
      action="Send"
      isPending={act.isPending}
      objection={act.objection}
      onSubmit={(data) => send(data('value'))}
    >
      <Field
        label="Answer"
        name="value"
        placeholder='{"amount": 12}'
        hint="JSON, given to the run."
      />
      {mistake === null ? null : <p className="text-bad">{mistake}</p>}
      {act.error === null ? null : <Failure error={act.error} />}
    </Form>
  );
}

import type { CallOutput } from '@sagewai/sdk';
import { type ReactElement, useState } from 'react';

import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Panel } from '../ui/panel.tsx';
import { Time } from '../ui/time.tsx';

type Waiting = NonNullable<CallOutput<'runs.getRun'>['waiting']>;

/** What a run waits for. Only this very wait is answered: a later one of the same run is not meant. */
export function Approval({ runId, waiting }: { runId: string; waiting: Waiting }): ReactElement {
  const approve = useAct('runs.approveRun');
  const deny = useAct('runs.denyRun');
  const [reason, setReason] = useState('');
  const body = { wait: waiting.wait, ...(reason === '' ? {} : { value: { reason } }) };
  const answer = { params: { run_id: runId }, body };
  return (
    <Panel
      title={
        waiting.for === 'approval'
          ? `Waits for approval: ${waiting.name}`
          : `Waits for ${waiting.for}: ${waiting.name}`
      }
    >
      <div className="flex flex-col gap-3">
        {waiting.prompt === null ? null : <p className="whitespace-pre-wrap">{waiting.prompt}</p>}
        <p className="text-muted text-xs">
          Since <Time at={waiting.since} />, at the longest until <Time at={waiting.until} />.
        </p>
        {waiting.for === 'approval' ? (
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
          </>
        ) : null}
        {[approve.error, deny.error].map((error) =>
          error === null ? null : <Failure key={error.message} error={error} />,
        )}
      </div>
    </Panel>
  );
}

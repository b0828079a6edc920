import type { CallOutput } from '@sagewai/sdk';
import { readSealed } from '@sagewai/seal/envelope';
import { useNavigate } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';

import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { JsonField } from '../ui/json-field.tsx';
import { readJson } from './read-json.ts';
import { readWholeJournal } from './read-whole-journal.ts';

type Run = CallOutput<'runs.getRun'>;

const OVER = ['completed', 'failed', 'cancelled'];

export function RunActions({ run }: { run: Run }): ReactElement {
  const cancel = useAct('runs.cancelRun');
  const isOver = OVER.includes(run.state);
  const cancelObjection = isOver
    ? `It is ${run.state}: there is nothing to cancel.`
    : run.cancel_requested
      ? 'Its worker has been told to stop.'
      : null;
  return (
    <>
      <Replay run={run} isOver={isOver} />
      <Compare run={run} />
      <ActButton
        act={cancel}
        look="danger"
        unless={cancelObjection}
        onAct={() => void cancel.run({ params: { run_id: run.id } })}
      >
        Cancel
      </ActButton>
      {cancel.error === null ? null : <Failure error={cancel.error} />}
    </>
  );
}

/** What a replay may replace: of a workflow, its input alone. */
function inputOf(payload: unknown): unknown {
  const isWorkflow = typeof payload === 'object' && payload !== null && 'workflow' in payload;
  return isWorkflow && 'input' in payload ? payload.input : payload;
}

/** With the run that this one repeats, or with one that is chosen there. */
function Compare({ run }: { run: Run }): ReactElement {
  const navigate = useNavigate();
  const compare = async (): Promise<void> => {
    const journal = await readWholeJournal(run.id, new AbortController().signal).catch(() => null);
    const before = journal?.replayOf ?? run.redrive_of;
    const search = before === null ? { one: run.id } : { one: before, other: run.id };
    await navigate({ to: '/compare', search });
  };
  return <Button onClick={() => void compare()}>Compare …</Button>;
}

/** As a new run, with what this one was given or something else. */
function Replay({ run, isOver }: { run: Run; isOver: boolean }): ReactElement {
  const replay = useAct('runs.replayRun');
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const [mistake, setMistake] = useState<string | null>(null);
  const isSealed = readSealed(run.payload).kind !== 'clear';
  const given = JSON.stringify(inputOf(run.payload), null, 2);
  const start = async (text: string, from: string): Promise<void> => {
    const input = readJson(text);
    if (input.kind === 'mistake') {
      setMistake(input.why);
      return;
    }
    const body = {
      ...(text === given ? {} : { input: input.value }),
      ...(from === '' ? {} : { from }),
    };
    const made = await replay.run({ params: { run_id: run.id }, body });
    if (made === null) return;
    setOpen(false);
    void navigate({ to: '/runs/$runId', params: { runId: made.id } });
  };
  return (
    <>
      <ActButton
        act={replay}
        unless={isOver ? null : 'It is not over yet.'}
        onAct={() => setOpen(true)}
      >
        Replay …
      </ActButton>
      <Dialog title="Replay as a new run" isOpen={isOpen} onClose={() => setOpen(false)} isWide>
        <Form
          action="Replay"
          isPending={replay.isPending}
          onSubmit={(data) => void start(isSealed ? given : data('input'), data('from').trim())}
        >
          {isSealed ? (
            <p>
              Its input is sealed, and goes again as it is, to the workers that it was sealed for.
              For another input, seal a new one:{' '}
              <code className="font-mono text-xs">sagewai runs submit --seal</code>
            </p>
          ) : (
            <JsonField label="Input" name="input" given={given} />
          )}
          <Field
            label="From the step"
            name="from"
            placeholder="the beginning"
            hint="Of a workflow: its name, or name#2 for the third of that name. What it had done before is kept."
          />
          {mistake === null ? null : <p className="text-bad">{mistake}</p>}
          {replay.error === null ? null : <Failure error={replay.error} />}
        </Form>
      </Dialog>
    </>
  );
}

import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask, call } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Meter } from '../ui/meter.tsx';

const STATES = ['queued', 'scheduled', 'running', 'waiting'] as const;

interface Wanted {
  readonly state?: (typeof STATES)[number];
  readonly pool?: string;
}

/** Cancels what a filter finds: first it says how many that would be, then how far it is. */
export function CancelMany(): ReactElement {
  const act = useAct('runs.cancelRuns');
  const [isOpen, setOpen] = useState(false);
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const [operation, setOperation] = useState<string | null>(null);
  const preview = useMutation({
    mutationFn: (filter: Wanted) => call('runs.cancelRuns', { body: { filter, dry_run: true } }),
  });
  const close = (): void => {
    setOpen(false);
    setWanted(null);
    setOperation(null);
    preview.reset();
  };
  const begin = async (): Promise<void> => {
    const begun = await act.run({ body: { filter: wanted ?? {} } });
    if (begun !== null) setOperation(begun.operation_id);
  };
  return (
    <>
      <ActButton act={act} onAct={() => setOpen(true)}>
        Cancel many …
      </ActButton>
      <Dialog title="Cancel many runs" isOpen={isOpen} onClose={close}>
        {operation === null ? (
          <Form
            action="Count them"
            isPending={preview.isPending}
            onSubmit={(data) => {
              const state = STATES.find((each) => each === data('state'));
              const pool = data('pool').trim();
              const filter = {
                ...(state === undefined ? {} : { state }),
                ...(pool === '' ? {} : { pool }),
              };
              setWanted(filter);
              preview.mutate(filter);
            }}
          >
            <Choice label="State" name="state">
              <option value="">every state</option>
              {STATES.map((state) => (
                <option key={state}>{state}</option>
              ))}
            </Choice>
            <Field label="Pool" name="pool" placeholder="any" />
          </Form>
        ) : (
          <Progress operationId={operation} />
        )}
        {preview.error === null ? null : <Failure error={preview.error} />}
        {act.error === null ? null : <Failure error={act.error} />}
        {preview.data === undefined || operation !== null ? null : (
          <div className="flex items-center justify-between gap-2">
            <p>
              {preview.data.count} {preview.data.count === 1 ? 'run' : 'runs'}
              {preview.data.more ? ', and more after these' : ''} would be cancelled.
            </p>
            <Button
              look="danger"
              disabled={act.isPending || preview.data.count === 0}
              onClick={() => void begin()}
            >
              Cancel them
            </Button>
          </div>
        )}
      </Dialog>
    </>
  );
}

function Progress({ operationId }: { operationId: string }): ReactElement {
  const { data } = useQuery({
    ...ask('fleet.getOperation', { params: { operation_id: operationId } }),
    refetchInterval: ({ state }) => (state.data?.state === 'done' ? false : 500),
  });
  if (data === undefined) return <p className="text-muted">It begins …</p>;
  return (
    <div className="flex flex-col gap-2">
      <Meter
        fraction={data.total === 0 ? 1 : (data.done + data.skipped) / data.total}
        label="Cancelled so far"
        isCalm
      />
      <p>
        {data.done} of {data.total} cancelled
        {data.skipped > 0 ? `, ${data.skipped} had ended by themselves` : ''}.
      </p>
    </div>
  );
}

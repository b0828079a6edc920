import type { CallOutput } from '@sagewai/sdk';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactElement, type ReactNode, useState } from 'react';

import { ask, call } from '../api/server.ts';
import { type Act, useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Form } from '../ui/form.tsx';
import { Meter } from '../ui/meter.tsx';

type ManyId = 'runs.cancelRuns' | 'fleet.redriveDeadLetters' | 'fleet.discardDeadLetters';
export type Filter = Readonly<Record<string, string | number>>;

/** What is done to all that a filter finds: `Cancel` them, and then they are `cancelled`. */
export interface ManyWords {
  readonly verb: string;
  readonly done: string;
  readonly title: string;
}

/** First it says how many that would be, then how far it is. */
export function ManyRuns(of: {
  readonly id: ManyId;
  readonly words: ManyWords;
  readonly fields: ReactNode;
  readonly filterOf: (data: (name: string) => string) => Filter;
}): ReactElement {
  const { id, words, fields, filterOf } = of;
  // All three take a filter and tell of an operation; each checks its own.
  const act = useAct(id) as Act<'runs.cancelRuns'>;
  const [isOpen, setOpen] = useState(false);
  const [wanted, setWanted] = useState<Filter>({});
  const [operation, setOperation] = useState<string | null>(null);
  const preview = useMutation({
    mutationFn: (filter: Filter): Promise<CallOutput<'runs.cancelRuns'>> =>
      call(id, { body: { filter, dry_run: true } }),
  });
  const close = (): void => {
    setOpen(false);
    setOperation(null);
    preview.reset();
    act.reset();
  };
  const begin = async (): Promise<void> => {
    const begun = await act.run({ body: { filter: wanted } });
    if (begun !== null) setOperation(begun.operation_id);
  };
  return (
    <>
      <ActButton act={act} onAct={() => setOpen(true)}>
        {words.verb} many …
      </ActButton>
      <Dialog title={words.title} isOpen={isOpen} onClose={close}>
        {operation === null ? (
          <Form
            action="Count them"
            isPending={preview.isPending}
            onSubmit={(data) => {
              const filter = filterOf(data);
              setWanted(filter);
              preview.mutate(filter);
            }}
          >
            {fields}
          </Form>
        ) : (
          <Progress operationId={operation} done={words.done} />
        )}
        {preview.error === null ? null : <Failure error={preview.error} />}
        {act.error === null ? null : <Failure error={act.error} />}
        {preview.data === undefined || operation !== null ? null : (
          <div className="flex items-center justify-between gap-2">
            <p>
              {preview.data.count} {preview.data.count === 1 ? 'run' : 'runs'}
              {preview.data.more ? ', and more after these' : ''} would be {words.done}.
            </p>
            <Button
              look="danger"
              disabled={act.isPending || preview.data.count === 0}
              onClick={() => void begin()}
            >
              {words.verb} them
            </Button>
          </div>
        )}
      </Dialog>
    </>
  );
}

function Progress({ operationId, done }: { operationId: string; done: string }): ReactElement {
  const { data } = useQuery({
    ...ask('fleet.getOperation', { params: { operation_id: operationId } }),
    refetchInterval: ({ state }) => (state.data?.state === 'done' ? false : 500),
  });
  if (data === undefined) return <p className="text-muted">It begins …</p>;
  return (
    <div className="flex flex-col gap-2">
      <Meter
        fraction={data.total === 0 ? 1 : (data.done + data.skipped) / data.total}
        label={`So many are ${done}`}
        isCalm
      />
      <p>
        {data.done} of {data.total} {done}
        {data.skipped > 0 ? `, ${data.skipped} had gone their own way` : ''}.
      </p>
    </div>
  );
}

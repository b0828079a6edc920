import type { CallOutput } from '@sagewai/sdk';
import { DropdownMenu } from 'radix-ui';
import { type ReactElement, useState } from 'react';

import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';

export type Worker = CallOutput<'fleet.listWorkers'>['workers'][number];

/** What ends a worker's work; each is asked again, with its consequence. */
const ENDS = {
  'fleet.evictWorker': {
    name: 'Evict',
    means: 'It ends, and so does its credential. Its machine may enroll again.',
  },
  'fleet.banWorker': {
    name: 'Ban',
    means: 'It ends for good: its key pair is refused at registration too.',
  },
} as const;
type End = keyof typeof ENDS;

export function WorkerActions({ worker }: { worker: Worker }): ReactElement {
  const params = { worker_id: worker.id };
  const approve = useAct('fleet.approveWorker');
  const reject = useAct('fleet.rejectWorker');
  const drain = useAct('fleet.drainWorker');
  const undrain = useAct('fleet.undrainWorker');
  const unlock = useAct('fleet.unlockWorker');
  const error =
    [approve, reject, drain, undrain, unlock].find((act) => act.error !== null)?.error ?? null;
  return (
    <span className="flex flex-wrap items-center justify-end gap-1.5">
      {worker.status === 'pending' ? (
        <>
          <ActButton act={approve} look="main" onAct={() => void approve.run({ params })}>
            Approve
          </ActButton>
          <ActButton act={reject} look="danger" onAct={() => void reject.run({ params })}>
            Reject
          </ActButton>
        </>
      ) : null}
      {worker.status === 'locked' ? (
        <ActButton act={unlock} onAct={() => void unlock.run({ params })}>
          Unlock
        </ActButton>
      ) : null}
      {worker.status === 'approved' && !worker.draining ? (
        <ActButton act={drain} onAct={() => void drain.run({ params })}>
          Drain
        </ActButton>
      ) : null}
      {worker.status === 'approved' && worker.draining ? (
        <ActButton act={undrain} onAct={() => void undrain.run({ params })}>
          Let it stay
        </ActButton>
      ) : null}
      {['approved', 'locked', 'pending'].includes(worker.status) ? <Ends worker={worker} /> : null}
      {error === null ? null : <Failure error={error} />}
    </span>
  );
}

function Ends({ worker }: { worker: Worker }): ReactElement {
  const [end, setEnd] = useState<End | null>(null);
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <Button look="quiet" aria-label={`More for ${worker.name}`}>
            ⋯
          </Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            align="end"
            className="border-line bg-raised z-40 min-w-32 rounded-md border p-1 shadow-lg"
          >
            {(Object.keys(ENDS) as End[]).map((each) => (
              <DropdownMenu.Item
                key={each}
                onSelect={() => setEnd(each)}
                className="text-bad data-[highlighted]:bg-hover cursor-pointer rounded-sm px-2.5 py-1 outline-none"
              >
                {ENDS[each].name} …
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {end === null ? null : <EndDialog end={end} worker={worker} onClose={() => setEnd(null)} />}
    </>
  );
}

function EndDialog({
  end,
  worker,
  onClose,
}: {
  end: End;
  worker: Worker;
  onClose: () => void;
}): ReactElement {
  const act = useAct(end);
  const { name, means } = ENDS[end];
  return (
    <Dialog title={`${name} ${worker.name}?`} isOpen onClose={onClose}>
      <p>{means}</p>
      {worker.active_runs === 0 ? null : (
        <p className="text-warn">It has {worker.active_runs} under way; others take them over.</p>
      )}
      {act.error === null ? null : <Failure error={act.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Leave it</Button>
        <ActButton
          act={act}
          look="danger"
          onAct={() =>
            void act
              .run({ params: { worker_id: worker.id } })
              .then((done) => done !== null && onClose())
          }
        >
          {name} it
        </ActButton>
      </div>
    </Dialog>
  );
}

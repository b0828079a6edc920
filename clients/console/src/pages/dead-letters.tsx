import type { CallOutput } from '@sagewai/sdk';
import { isSealedResult } from '@sagewai/seal/envelope';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { DeadMany } from '../runs/dead-many.tsx';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type DeadLetter = CallOutput<'fleet.listDeadLetters'>['dead_letters'][number];

const EVERY_MS = 5_000;

export function DeadLettersPage(): ReactElement {
  const { data, error, refetch } = useQuery({
    ...ask('fleet.listDeadLetters', { query: { limit: 200 } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Page
      title="Dead letters"
      about="Runs that nobody will try again by themselves. Repeat them, or take them off this list."
      actions={<DeadMany />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table
            label="Dead letters"
            rows={data.dead_letters}
            keyOf={({ run_id: id }) => id}
            empty={
              <Empty
                what="There is none: every run that failed was meant to, or is tried again. They are listed too by"
                command="sagewai fleet dead-letters list"
              />
            }
            columns={[
              {
                name: 'Run',
                show: ({ run_id: id }) => (
                  <Link
                    to="/runs/$runId"
                    params={{ runId: id }}
                    className="text-accent font-mono text-xs hover:underline"
                  >
                    {id}
                  </Link>
                ),
              },
              {
                name: 'Error',
                show: ({ error: text, error_class: kind }) => (
                  <span className="line-clamp-2 max-w-md">
                    {isSealedResult(text) ? 'sealed' : (text ?? kind)}
                  </span>
                ),
              },
              {
                name: 'Class',
                show: ({ error_class: kind }) => <code className="font-mono text-xs">{kind}</code>,
                isExtra: true,
              },
              { name: 'Pool', show: ({ pool }) => pool, isExtra: true },
              { name: 'Tries', show: ({ attempts }) => attempts, isNumber: true, isExtra: true },
              { name: 'Died', show: ({ died_at: at }) => <Time at={at} />, isExtra: true },
              { name: 'Actions', show: (letter) => <Actions letter={letter} />, isNumber: true },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function Actions({ letter }: { letter: DeadLetter }): ReactElement {
  const redrive = useAct('fleet.redriveDeadLetter');
  const discard = useAct('fleet.discardDeadLetter');
  const params = { run_id: letter.run_id };
  const error = redrive.error ?? discard.error;
  return (
    <span className="flex justify-end gap-1.5">
      <ActButton act={redrive} onAct={() => void redrive.run({ params })}>
        Repeat
      </ActButton>
      <ActButton act={discard} look="danger" onAct={() => void discard.run({ params })}>
        Discard
      </ActButton>
      {error === null ? null : <Failure error={error} />}
    </span>
  );
}

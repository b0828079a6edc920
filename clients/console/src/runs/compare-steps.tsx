import { type ComparedStep, compareSteps } from '@sagewai/sdk';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { shortDuration } from '../format/numbers.ts';
import { Badge } from '../ui/badge.tsx';
import { DiffView } from '../ui/diff-view.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { readWholeJournal, type WholeJournal } from './read-whole-journal.ts';

const useJournal = (runId: string): UseQueryResult<WholeJournal> =>
  useQuery({
    queryKey: ['journal', runId],
    queryFn: ({ signal }) => readWholeJournal(runId, signal),
  });

/** Step by step, what both have done; one that differs opens to how. */
export function CompareSteps({ one, other }: { one: string; other: string }): ReactElement {
  const [first, second] = [useJournal(one), useJournal(other)];
  const error = first.error ?? second.error;
  const steps =
    first.data === undefined || second.data === undefined
      ? null
      : compareSteps(first.data.steps, second.data.steps);
  const differing = steps?.filter(({ how }) => how !== 'same').length ?? 0;
  return (
    <Panel
      title={steps === null ? 'Steps' : `Steps: ${differing} of ${steps.length} differ`}
      isFlush
    >
      {error === null ? null : <Failure error={error} />}
      {steps === null ? null : (
        <Table
          label="Steps of the two runs"
          rows={steps}
          keyOf={({ key }) => key}
          empty={<Empty what="Neither has journaled a step: only workflows do." />}
          columns={[
            { name: 'Step', show: ({ key }) => <code className="font-mono text-xs">{key}</code> },
            { name: 'How', show: (step) => <How step={step} /> },
            {
              name: 'First took',
              show: ({ one: step }) => tookOf(step),
              isNumber: true,
              isExtra: true,
            },
            {
              name: 'Second took',
              show: ({ other: step }) => tookOf(step),
              isNumber: true,
              isExtra: true,
            },
          ]}
        />
      )}
    </Panel>
  );
}

function How({ step }: { step: ComparedStep }): ReactElement {
  const { key, how, one, other } = step;
  if (how === 'same') return <Badge tone="ok">same</Badge>;
  return (
    <details>
      <summary className="cursor-pointer">
        <Badge tone="warn">{how}</Badge>
      </summary>
      <div className="pt-2">
        <DiffView one={saidBy(one)} other={saidBy(other)} label={`Step ${key}, compared`} />
      </div>
    </details>
  );
}

const saidBy = (step: ComparedStep['one']): unknown =>
  step === undefined ? 'nothing' : (step.error ?? step.result);

const tookOf = (step: ComparedStep['one']): string =>
  step?.ended_at == null
    ? '–'
    : shortDuration(Date.parse(step.ended_at) - Date.parse(step.started_at));

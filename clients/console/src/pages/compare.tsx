import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';

import { ask } from '../api/server.ts';
import { shortUsd } from '../format/numbers.ts';
import { readCompareSearch } from '../runs/compare-search.ts';
import { CompareSteps } from '../runs/compare-steps.tsx';
import { Took } from '../runs/run-rows.tsx';
import { StateBadge } from '../runs/state-badge.tsx';
import { SealPanel } from '../seal/seal-panel.tsx';
import { useOpenedRun } from '../seal/use-opened-run.ts';
import { DiffView } from '../ui/diff-view.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

type Run = CallOutput<'runs.getRun'>;

export function ComparePage(): ReactElement {
  const search = useSearch({ from: '/compare' });
  const navigate = useNavigate({ from: '/compare' });
  const { one = '', other = '' } = search;
  const isChosen = one !== '' && other !== '';
  return (
    <Page
      title="Compare two runs"
      about="What they were given, did and answered: what is only in the first with −, only in the second with +."
    >
      <Panel>
        <Form
          action="Compare"
          onSubmit={(data) =>
            void navigate({ search: readCompareSearch({ one: data('one'), other: data('other') }) })
          }
        >
          <div className="grid gap-3 md:grid-cols-2">
            <Field
              key={`1 ${one}`}
              label="The first run"
              name="one"
              required
              defaultValue={one}
              data-search
            />
            <Field
              key={`2 ${other}`}
              label="The second run"
              name="other"
              required
              defaultValue={other}
            />
          </div>
        </Form>
      </Panel>
      {isChosen ? (
        <Both one={one} other={other} />
      ) : (
        <Panel>
          <Empty
            what="Say which two. The same in a terminal:"
            command="sagewai runs diff ONE OTHER"
          />
        </Panel>
      )}
    </Page>
  );
}

function Both({ one, other }: { one: string; other: string }): ReactElement | null {
  const first = useQuery(ask('runs.getRun', { params: { run_id: one } }));
  const second = useQuery(ask('runs.getRun', { params: { run_id: other } }));
  const error = first.error ?? second.error;
  if (error !== null) return <Failure error={error} />;
  if (first.data === undefined || second.data === undefined)
    return <p className="text-muted">Reading …</p>;
  return <Compared one={first.data} other={second.data} />;
}

function Compared({ one, other }: { one: Run; other: Run }): ReactElement {
  const [first, second] = [useOpenedRun(one), useOpenedRun(other)];
  const closed = [first, second].find(({ kind }) => kind !== 'clear' && kind !== 'opened');
  const [before, after] = [
    first.kind === 'opened' ? first : one,
    second.kind === 'opened' ? second : other,
  ];
  return (
    <>
      <Panel title="Facts" isFlush>
        <Table
          label="Facts of the two runs"
          rows={factsOf(one, other)}
          keyOf={([name]) => name}
          empty={null}
          columns={[
            { name: 'What', show: ([name]) => name },
            { name: 'First', show: ([, value]) => value },
            { name: 'Second', show: ([, , value]) => value },
          ]}
        />
      </Panel>
      <CompareSteps one={one.id} other={other.id} />
      {closed === undefined ? (
        <div className="grid gap-4 xl:grid-cols-2">
          <Panel title="Input">
            <DiffView one={before.payload} other={after.payload} label="Their input, compared" />
          </Panel>
          <Panel title="Output">
            <DiffView
              one={before.output ?? before.error}
              other={after.output ?? after.error}
              label="Their output, compared"
            />
          </Panel>
        </div>
      ) : (
        <SealPanel opening={closed} />
      )}
    </>
  );
}

function factsOf(one: Run, other: Run): readonly (readonly [string, ReactNode, ReactNode])[] {
  const row = (
    name: string,
    of: (run: Run) => ReactNode,
  ): readonly [string, ReactNode, ReactNode] => [name, of(one), of(other)];
  return [
    row('Run', ({ id }) => (
      <Link to="/runs/$runId" params={{ runId: id }} className="text-accent font-mono text-xs">
        {id}
      </Link>
    )),
    row('State', ({ state }) => <StateBadge state={state} />),
    row('Took', (run) => <Took run={run} />),
    row('Cost', ({ cost_usd: usd }) => <span title={`$${usd}`}>{shortUsd(usd)}</span>),
    row('Model calls', ({ calls }) => calls),
    row(
      'Tokens',
      (run) =>
        `${run.input_tokens.toLocaleString('en-US')} in, ${run.output_tokens.toLocaleString('en-US')} out`,
    ),
    row('Answered by', ({ models_used: models }) => models.join(', ') || '–'),
    row('Worker', ({ worker_name: name }) => name ?? '–'),
    row('Attempts', ({ attempt }) => attempt),
    row('Error', ({ error_class: kind }) => kind ?? '–'),
  ];
}

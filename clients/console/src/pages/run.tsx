import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { shortUsd } from '../format/numbers.ts';
import { Approval } from '../runs/approval.tsx';
import { BarFacts } from '../runs/bar-facts.tsx';
import type { Bar } from '../runs/lay-out-timeline.ts';
import { LogPanel } from '../runs/log-panel.tsx';
import { RunActions } from '../runs/run-actions.tsx';
import { Took } from '../runs/run-rows.tsx';
import { StateBadge } from '../runs/state-badge.tsx';
import { useTimeline } from '../runs/use-timeline.ts';
import { Waterfall } from '../runs/waterfall.tsx';
import { WhyNotRunning } from '../runs/why-not-running.tsx';
import { SealPanel } from '../seal/seal-panel.tsx';
import { SealedText } from '../seal/sealed-text.tsx';
import { type Opening, useOpenedRun } from '../seal/use-opened-run.ts';
import { useEvery } from '../shell/live.ts';
import { CopyButton } from '../ui/copy.tsx';
import { Failure } from '../ui/failure.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Facts, Page, Panel } from '../ui/panel.tsx';
import { Time, useNow } from '../ui/time.tsx';

type Run = CallOutput<'runs.getRun'>;

const EVERY_MS = 1_000;

export function RunPage(): ReactElement {
  const { runId } = useParams({ from: '/runs/$runId' });
  const every = useEvery(EVERY_MS);
  const { data, error, refetch } = useQuery({
    ...ask('runs.getRun', { params: { run_id: runId } }),
    refetchInterval: ({ state }) => (state.data?.finished_at === null ? every : false),
  });
  if (data === undefined) {
    return (
      <Page title="Run" about={runId}>
        {error === null ? (
          <p className="text-muted">Reading …</p>
        ) : (
          <Failure error={error} again={() => void refetch()} />
        )}
      </Page>
    );
  }
  return <Whole key={data.id} run={data} />;
}

function Whole({ run }: { run: Run }): ReactElement {
  const opening = useOpenedRun(run);
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-3">
          Run <StateBadge state={run.state} />
        </span>
      }
      about={
        <span className="flex flex-wrap items-center gap-1">
          <code className="font-mono text-xs break-all">{run.id}</code>
          <CopyButton text={run.id} label="Copy the id" />
        </span>
      }
      actions={<RunActions run={run} />}
    >
      {run.error === null ? null : (
        <div role="alert" className="border-bad/40 bg-bad-soft rounded-md border px-3 py-2">
          <p className="font-medium">
            <SealedText text={run.error} opening={opening} />
          </p>
          {run.error_class === null ? null : (
            <p className="text-muted text-xs">Class {run.error_class}</p>
          )}
        </div>
      )}
      {run.state === 'queued' ? <WhyNotRunning runId={run.id} /> : null}
      <SealPanel opening={opening} />
      {run.waiting === null ? null : <Approval runId={run.id} waiting={run.waiting} />}
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_300px]">
        <div className="flex min-w-0 flex-col gap-4">
          <Drawn runId={run.id} opening={opening} />
          <Panel title="Log">
            <LogPanel runId={run.id} />
          </Panel>
          <Contents run={run} opening={opening} />
        </div>
        <Panel title="Facts">
          <RunFacts run={run} />
        </Panel>
      </div>
    </Page>
  );
}

/** What it was given and has answered: in clear, or only that it is sealed. */
function Contents({ run, opening }: { run: Run; opening: Opening }): ReactElement {
  const sealed = <p className="text-muted">Sealed.</p>;
  const isClosed = opening.kind !== 'clear' && opening.kind !== 'opened';
  const shown = opening.kind === 'opened' ? opening : run;
  const none = <p className="text-muted">{run.finished_at === null ? 'Not yet.' : 'None.'}</p>;
  return (
    <div className="grid gap-4 xl:grid-cols-2">
      <Panel title="Input">
        {isClosed ? sealed : <JsonView value={shown.payload} label="What the run was given" />}
      </Panel>
      <Panel title="Output">
        {run.output === null ? (
          none
        ) : isClosed ? (
          sealed
        ) : (
          <JsonView value={shown.output} label="What the run answered" />
        )}
      </Panel>
    </div>
  );
}

function Drawn({ runId, opening }: { runId: string; opening: Opening }): ReactElement {
  const timeline = useTimeline(runId);
  const nowMs = useNow();
  const [chosen, setChosen] = useState<Bar | null>(null);
  return (
    <>
      <Panel title="What it did">
        {timeline.error === null ? null : (
          <Failure error={timeline.error} again={() => void timeline.refetch()} />
        )}
        {timeline.data === undefined ? null : (
          <Waterfall
            timeline={timeline.data}
            nowMs={nowMs}
            chosen={chosen?.key ?? null}
            onChoose={setChosen}
          />
        )}
      </Panel>
      {chosen === null ? null : (
        <BarFacts bar={chosen} opening={opening} onClose={() => setChosen(null)} />
      )}
    </>
  );
}

function RunFacts({ run }: { run: Run }): ReactElement {
  const labels = Object.entries(run.labels).map(([name, value]) => `${name}=${value}`);
  const runLink = (id: string): ReactElement => (
    <Link
      to="/runs/$runId"
      params={{ runId: id }}
      className="text-accent font-mono text-xs underline"
    >
      {id.slice(0, 18)}…
    </Link>
  );
  return (
    <Facts
      of={[
        [
          'Cost',
          <span key="cost" title={`$${run.cost_usd}`}>
            {shortUsd(run.cost_usd)}
          </span>,
        ],
        ['Model calls', String(run.calls)],
        [
          'Tokens',
          `${run.input_tokens.toLocaleString('en-US')} in, ${run.output_tokens.toLocaleString('en-US')} out`,
        ],
        ['Took', <Took key="took" run={run} />],
        ['Asked for', run.model ?? 'any model'],
        ['Answered by', run.models_used.join(', ') || '–'],
        ['Pool', run.pool],
        ['Worker', run.worker_name ?? '–'],
        ['Labels', labels.join(', ') || '–'],
        ['Attempt', `${run.attempt} of ${run.max_attempts}`],
        ['Priority', String(run.priority)],
        ['Submitted', <Time key="submitted" at={run.created_at} />],
        ['By', run.submitted_by],
        ['Began', <Time key="began" at={run.started_at} />],
        ['Ended', <Time key="ended" at={run.finished_at} />],
        ...(run.scheduled_for === null
          ? []
          : [['Not before', <Time key="for" at={run.scheduled_for} />] as const]),
        ...(run.deadline === null
          ? []
          : [['Deadline', <Time key="deadline" at={run.deadline} />] as const]),
        ...(run.redrive_of === null ? [] : [['Repeats', runLink(run.redrive_of)] as const]),
        ...(run.parent_run_id === null ? [] : [['Under', runLink(run.parent_run_id)] as const]),
      ]}
    />
  );
}

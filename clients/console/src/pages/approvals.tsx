import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { Approval } from '../runs/approval.tsx';
import { useEvery } from '../shell/live.ts';
import { isAnswered } from '../tools/is-answered.ts';
import { ModeBadge, type ToolCall } from '../tools/mode-badge.tsx';
import { ToolDecision } from '../tools/tool-decision.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';

const EVERY_MS = 3_000;
/** More than anybody decides at one sitting. */
const RUNS_MAX = 25;
const CALLS_MAX = 50;

export function ApprovalsPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const calls = useQuery({
    ...ask('tools.listToolCalls', { query: { state: 'waiting', limit: CALLS_MAX } }),
    refetchInterval,
  });
  const runs = useQuery({
    ...ask('runs.listRuns', { query: { state: 'waiting', limit: RUNS_MAX } }),
    refetchInterval,
  });
  const details = useQueries({
    queries: (runs.data?.runs ?? []).map(({ id }) =>
      ask('runs.getRun', { params: { run_id: id } }),
    ),
  });
  const questions = details.flatMap(({ data }) =>
    data?.waiting && isAnswered(data.waiting) ? [{ id: data.id, waiting: data.waiting }] : [],
  );
  const error = calls.error ?? runs.error;
  const isRead = calls.data !== undefined && runs.data !== undefined;
  const isEmpty = calls.data?.calls.length === 0 && questions.length === 0;
  // Runs that wait for their children, or for calls, are among those: that none of them asks says nothing of the others.
  const isCut = (runs.data?.next_cursor ?? null) !== null || calls.data?.calls.length === CALLS_MAX;
  return (
    <Page
      title="Approvals"
      about="What agents ask before they do it, and what runs wait to be told."
    >
      {error === null ? null : <Failure error={error} />}
      {isRead && isCut ? (
        <p role="status" className="text-muted">
          More wait than are shown here, which are those of the newest {RUNS_MAX} runs and{' '}
          {CALLS_MAX} calls.{' '}
          <Link to="/runs" search={{ state: 'waiting' }} className="text-accent underline">
            All runs that wait
          </Link>
        </p>
      ) : null}
      {isRead && isEmpty && !isCut ? (
        <Panel>
          <Empty
            what="Nothing waits for a person. Tools that ask for one each time are registered with a mode or an approval:"
            command="sagewai tools create drop_table --kind http --mode destructive --file tool.json"
          />
        </Panel>
      ) : null}
      {calls.data?.calls.map((call) => (
        <WaitingCall key={call.id} call={call} />
      ))}
      {questions.map(({ id, waiting }) => (
        <Approval
          key={`${id} ${waiting.wait}`}
          runId={id}
          waiting={waiting}
          link={<RunLink id={id} />}
        />
      ))}
    </Page>
  );
}

function WaitingCall({ call }: { call: ToolCall }): ReactElement {
  // Frozen: only its state changes, and then it is not in the list.
  const detail = useQuery({
    ...ask('tools.getToolCall', { params: { call_id: call.id } }),
    staleTime: Infinity,
  });
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          Call of {call.tool} <ModeBadge mode={call.mode} />
        </span>
      }
      actions={
        <>
          <span className="text-muted text-xs">for {call.requested_by}</span>
          {call.run_id === null ? null : <RunLink id={call.run_id} />}
        </>
      }
    >
      {detail.error === null ? null : <Failure error={detail.error} />}
      {detail.data === undefined ? null : <ToolDecision call={detail.data} />}
    </Panel>
  );
}

function RunLink({ id }: { id: string }): ReactElement {
  return (
    <Link to="/runs/$runId" params={{ runId: id }} className="text-accent text-xs underline">
      Its run
    </Link>
  );
}

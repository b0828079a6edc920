import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { useEvery } from '../shell/live.ts';
import { HiddenContents } from '../tools/hidden-contents.tsx';
import { CallBadge, ModeBadge } from '../tools/mode-badge.tsx';
import { ToolDecision } from '../tools/tool-decision.tsx';
import { ActButton } from '../ui/act-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Facts, Page, Panel } from '../ui/panel.tsx';
import { Time } from '../ui/time.tsx';

type Call = CallOutput<'tools.getToolCall'>;

const EVERY_MS = 2_000;

export function ToolCallPage(): ReactElement {
  const { callId } = useParams({ from: '/tool-calls/$callId' });
  const call = useQuery({
    ...ask('tools.getToolCall', { params: { call_id: callId } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  if (call.data === undefined) {
    return (
      <Page title="Call of a tool" about={callId}>
        {call.error === null ? (
          <p className="text-muted">Reading …</p>
        ) : (
          <Failure error={call.error} again={() => void call.refetch()} />
        )}
      </Page>
    );
  }
  return <Whole call={call.data} />;
}

function Whole({ call }: { call: Call }): ReactElement {
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-3">
          {call.tool} <CallBadge state={call.state} /> <ModeBadge mode={call.mode} />
        </span>
      }
      about={<code className="font-mono text-xs break-all">{call.id}</code>}
      actions={<Redrive call={call} />}
    >
      {call.message === null ? null : (
        <div role="alert" className="border-bad/40 bg-bad-soft rounded-md border px-3 py-2">
          <p className="font-medium">{call.message}</p>
          <p className="text-muted text-xs">{call.error}</p>
        </div>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_320px]">
        <div className="flex min-w-0 flex-col gap-4">
          {call.contents_hidden ? (
            <Panel title="Arguments and result">
              <HiddenContents />
            </Panel>
          ) : call.state === 'waiting' ? (
            <Panel title="Waits for a person">
              <ToolDecision call={call} />
            </Panel>
          ) : (
            <>
              <Panel title="Arguments">
                <JsonView value={call.arguments} label={`Arguments of ${call.tool}`} />
              </Panel>
              <Panel title="Result">
                {call.result === null ? (
                  <p className="text-muted">None.</p>
                ) : (
                  <JsonView value={call.result} label={`Result of ${call.tool}`} />
                )}
              </Panel>
            </>
          )}
        </div>
        <Panel title="Facts">
          <Facts of={factsOf(call)} />
        </Panel>
      </div>
    </Page>
  );
}

function Redrive({ call }: { call: Call }): ReactElement | null {
  const act = useAct('tools.redriveToolCall');
  if (call.state !== 'failed' && call.state !== 'unknown') return null;
  const isUnknown = call.state === 'unknown';
  return (
    <>
      <ActButton
        act={act}
        look={isUnknown ? 'danger' : 'plain'}
        onAct={() =>
          void act.run({
            params: { call_id: call.id },
            body: isUnknown ? { accept_unknown: true } : {},
          })
        }
      >
        {isUnknown ? 'Make it again, though it may happen twice' : 'Make it again'}
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

function factsOf(call: Call): readonly (readonly [string, ReactNode])[] {
  const digest = (text: string): ReactElement => (
    <code className="font-mono text-xs break-all">{text}</code>
  );
  return [
    ['Tool', `${call.tool}, version ${call.tool_version}`],
    ['Asked for by', call.requested_by],
    ...(call.run_id === null
      ? []
      : [
          [
            'Run',
            <Link
              key="run"
              to="/runs/$runId"
              params={{ runId: call.run_id }}
              className="text-accent font-mono text-xs underline"
            >
              {call.run_id.slice(0, 18)}…
            </Link>,
          ] as const,
        ]),
    ...(call.step === null ? [] : [['Step', call.step] as const]),
    ['Decided by', call.decided_by ?? 'nobody'],
    ['Tries', String(call.attempts)],
    ['Asked for', <Time key="made" at={call.created_at} />],
    ['Ended', <Time key="ended" at={call.ended_at} />],
    ['Arguments', digest(call.arguments_digest)],
    ...(call.result_digest === null ? [] : [['Result', digest(call.result_digest)] as const]),
    ...(call.late_result_digest === null
      ? []
      : [['Came too late', digest(call.late_result_digest)] as const]),
  ];
}

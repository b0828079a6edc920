import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { shortDuration } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { CallRows } from '../tools/call-rows.tsx';
import { asksAPerson, ModeBadge, type Tool } from '../tools/mode-badge.tsx';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Facts, Page, Panel } from '../ui/panel.tsx';
import { Time } from '../ui/time.tsx';

const EVERY_MS = 5_000;

export function ToolPage(): ReactElement {
  const { toolId } = useParams({ from: '/tools/$toolId' });
  const tool = useQuery({
    ...ask('tools.getTool', { params: { tool: toolId } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  if (tool.data === undefined) {
    return (
      <Page title="Tool" about={toolId}>
        {tool.error === null ? (
          <p className="text-muted">Reading …</p>
        ) : (
          <Failure error={tool.error} again={() => void tool.refetch()} />
        )}
      </Page>
    );
  }
  return <Whole tool={tool.data} />;
}

function Whole({ tool }: { tool: Tool }): ReactElement {
  const calls = useQuery({
    ...ask('tools.listToolCalls', { query: { tool: tool.name, limit: 50 } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Page
      title={
        <span className="flex flex-wrap items-center gap-3">
          {tool.name} <ModeBadge mode={tool.mode} />
          {tool.enabled ? null : <Badge tone="idle">off</Badge>}
        </span>
      }
      about={tool.description}
      actions={<Actions tool={tool} />}
    >
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_340px]">
        <div className="flex min-w-0 flex-col gap-4">
          <Panel title="What it takes">
            <JsonView value={tool.input_schema} label="Schema of its arguments" />
          </Panel>
          {tool.output_schema === null ? null : (
            <Panel title="What it promises to answer">
              <JsonView value={tool.output_schema} label="Schema of its answers" />
            </Panel>
          )}
          <Panel title="Where it goes">
            <JsonView
              value={tool.http ?? tool.mcp ?? 'A function of the worker that has the run.'}
              label="Its target"
            />
          </Panel>
        </div>
        <Panel title="Manifest">
          <Facts of={factsOf(tool)} />
        </Panel>
      </div>
      <Panel title="Its calls" isFlush>
        {calls.error === null ? null : <Failure error={calls.error} />}
        {calls.data === undefined ? null : (
          <CallRows calls={calls.data.calls} what="It was not called yet." />
        )}
      </Panel>
    </Page>
  );
}

function Actions({ tool }: { tool: Tool }): ReactElement {
  const update = useAct('tools.updateTool');
  const params = { tool: tool.id };
  const { mode, approval, enabled } = tool;
  return (
    <>
      <ActButton
        act={update}
        unless={mode === 'destructive' ? 'Of what is destructive, a person always decides.' : null}
        onAct={() => void update.run({ params, body: { approval: !approval } })}
      >
        {asksAPerson(tool) ? 'Let it be called freely' : 'Have a person decide'}
      </ActButton>
      <ActButton
        act={update}
        look={enabled ? 'danger' : 'plain'}
        onAct={() => void update.run({ params, body: { enabled: !enabled } })}
      >
        {enabled ? 'Switch off' : 'Switch on'}
      </ActButton>
      {update.error === null ? null : <Failure error={update.error} />}
    </>
  );
}

function factsOf(tool: Tool): readonly (readonly [string, ReactElement | string])[] {
  const { rate, credential } = tool;
  return [
    ['Kind', tool.kind],
    ['Version', String(tool.version)],
    ['Decided by', asksAPerson(tool) ? 'a person, each time' : 'nobody'],
    ['Risk', tool.risk],
    ['Owner', tool.owner || '–'],
    ['Of', tool.project_id === null ? 'the whole organization' : 'one project'],
    ['Answers within', shortDuration(tool.timeout_ms)],
    [
      'Once is enough',
      tool.idempotent ? `yes: tried ${tool.retries} times more` : 'no: never repeated by itself',
    ],
    ['At most', rate === null ? 'any number' : `${rate.calls} calls in ${rate.per_seconds} s`],
    ['May call', tool.egress.join(', ') || '–'],
    ['Credential', credential === null ? 'none' : `${credential.header}: ${credential.hint}`],
    ['Registered', <Time key="made" at={tool.created_at} />],
    ['By', tool.created_by],
    ['Changed', <Time key="changed" at={tool.updated_at} otherwise="never" />],
    ...(tool.updated_by === null ? [] : [['By whom', tool.updated_by] as const]),
    [
      'Digest',
      <code key="digest" className="font-mono text-xs break-all">
        {tool.digest}
      </code>,
    ],
  ];
}

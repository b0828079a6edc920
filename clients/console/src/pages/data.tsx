import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Encryption = CallOutput<'fleet.getEncryption'>;
type Project = CallOutput<'identity.listProjects'>['projects'][number];

const EVERY_MS = 5_000;

export function DataPage(): ReactElement {
  return (
    <Page title="Data" about="Under which keys contents stand, and how long they are kept.">
      <EncryptionPanel />
      <RetentionPanel />
    </Page>
  );
}

function EncryptionPanel(): ReactElement {
  const { data, error } = useQuery({
    ...ask('fleet.getEncryption', { query: {} }),
    refetchInterval: useEvery(EVERY_MS),
  });
  const enable = useAct('fleet.enableEncryption');
  const rotate = useAct('fleet.rotateEncryption');
  const failed = error ?? enable.error ?? rotate.error;
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          Encryption of contents {data === undefined ? null : <EncryptionBadge of={data} />}
        </span>
      }
      actions={
        data?.enabled === true ? (
          <ActButton act={rotate} onAct={() => void rotate.run({ body: {} })}>
            New keys for all
          </ActButton>
        ) : (
          <ActButton act={enable} look="main" onAct={() => void enable.run({})}>
            Switch on
          </ActButton>
        )
      }
      isFlush
    >
      {failed === null ? null : <Failure error={failed} />}
      <Table
        label="Keys of projects"
        rows={data?.keys ?? []}
        keyOf={({ id }) => id}
        empty={
          <Empty
            what="What runs are given and answer stands in the database as it is. Switched on, it stands under a key of each project; this is not taken back."
            command="sagewai fleet encryption enable"
          />
        }
        columns={[
          { name: 'Project', show: ({ project }) => project },
          {
            name: 'Key',
            show: ({ id }) => <code className="font-mono text-xs">{id}</code>,
            isExtra: true,
          },
          {
            name: 'State',
            show: ({ state }) => (
              <Badge tone={({ active: 'ok', retiring: 'warn', retired: 'idle' } as const)[state]}>
                {state}
              </Badge>
            ),
          },
          { name: 'Made', show: ({ created_at: at }) => <Time at={at} /> },
          { name: 'Retired', show: ({ retired_at: at }) => <Time at={at} />, isExtra: true },
        ]}
      />
    </Panel>
  );
}

function EncryptionBadge({ of }: { of: Encryption }): ReactElement {
  if (!of.enabled) return <Badge tone="warn">off</Badge>;
  return of.settled ? (
    <Badge tone="ok">on</Badge>
  ) : (
    <Badge tone="info">on; what was stored is moved</Badge>
  );
}

function RetentionPanel(): ReactElement {
  const retention = useQuery(ask('fleet.getRetention', {}));
  const projects = useQuery(ask('identity.listProjects', { query: { limit: 200 } }));
  const error = retention.error ?? projects.error;
  const days = retention.data?.days;
  const own = new Map(retention.data?.projects.map(({ project_id: id, days: said }) => [id, said]));
  return (
    <Panel
      title={
        days === undefined
          ? 'How long runs are kept'
          : `Runs are kept for ${days} days after their end, unless a project says less`
      }
      isFlush
    >
      {error === null ? null : <Failure error={error} />}
      <Table<Project>
        label="Retention of projects"
        rows={retention.data === undefined ? [] : (projects.data?.projects ?? [])}
        keyOf={({ id }) => id}
        empty={<p className="text-muted">Reading …</p>}
        columns={[
          { name: 'Project', show: ({ name }) => name },
          { name: 'Kept for', show: ({ id }) => keptFor(own.get(id)) },
          {
            name: 'Change',
            show: ({ id, name }) => (
              <Keep key={own.get(id) ?? 0} projectId={id} name={name} days={own.get(id) ?? null} />
            ),
            isNumber: true,
          },
        ]}
      />
    </Panel>
  );
}

const keptFor = (days: number | undefined): string =>
  days === undefined ? 'as long as the server says' : days === 1 ? '1 day' : `${days} days`;

function Keep(of: {
  readonly projectId: string;
  readonly name: string;
  readonly days: number | null;
}): ReactElement {
  const act = useAct('fleet.setRetention');
  const [text, setText] = useState(of.days === null ? '' : String(of.days));
  const days = text.trim() === '' ? null : Number(text);
  const isGood = days === null || (Number.isInteger(days) && days >= 1 && days <= 3_650);
  const objection = isGood ? null : 'Whole days, from 1 to 3650.';
  return (
    <span className="flex flex-wrap items-center justify-end gap-1.5">
      <input
        aria-label={`Days for ${of.name}`}
        inputMode="numeric"
        placeholder="server’s"
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="border-line-strong bg-raised h-7 w-24 rounded-sm border px-2 text-right"
      />
      <ActButton
        act={act}
        unless={days === of.days ? 'It is so already.' : objection}
        onAct={() => void act.run({ params: { project: of.projectId }, body: { days } })}
      >
        Keep it so
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </span>
  );
}

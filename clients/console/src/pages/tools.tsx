import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useEvery } from '../shell/live.ts';
import { CallRows } from '../tools/call-rows.tsx';
import { asksAPerson, ModeBadge } from '../tools/mode-badge.tsx';
import { TOOL_CALL_STATES } from '../tools/tool-search.ts';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Filter } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

const EVERY_MS = 3_000;

export function ToolsPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const tools = useQuery({ ...ask('tools.listTools', { query: {} }), refetchInterval });
  return (
    <Page
      title="Tools"
      about="What agents may have an effect through: each is checked, recorded, and called once."
    >
      {tools.error === null ? null : (
        <Failure error={tools.error} again={() => void tools.refetch()} />
      )}
      <Panel title="Registered" isFlush>
        {tools.data === undefined ? null : (
          <Table
            label="Tools"
            rows={tools.data.tools}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="No tool is registered yet."
                command="sagewai tools create create_ticket --kind http --mode network --file ticket.json"
              />
            }
            columns={[
              {
                name: 'Tool',
                show: ({ id, name }) => (
                  <Link
                    to="/tools/$toolId"
                    params={{ toolId: id }}
                    className="text-accent hover:underline"
                  >
                    {name}
                  </Link>
                ),
              },
              { name: 'May do', show: ({ mode }) => <ModeBadge mode={mode} /> },
              {
                name: 'Decided by',
                show: (tool) => (asksAPerson(tool) ? 'a person, each time' : 'nobody'),
              },
              { name: 'Kind', show: ({ kind }) => kind, isExtra: true },
              {
                name: 'Of',
                show: ({ project_id: of }) => (of === null ? 'the organization' : 'one project'),
                isExtra: true,
              },
              { name: 'Owner', show: ({ owner }) => owner || '–', isExtra: true },
              { name: 'Version', show: ({ version }) => version, isNumber: true, isExtra: true },
              {
                name: 'Changed',
                show: ({ updated_at: at, created_at: made }) => <Time at={at ?? made} />,
                isExtra: true,
              },
              {
                name: 'State',
                show: ({ enabled }) =>
                  enabled ? <Badge tone="ok">on</Badge> : <Badge tone="idle">off</Badge>,
              },
            ]}
          />
        )}
      </Panel>
      <Calls />
    </Page>
  );
}

function Calls(): ReactElement {
  const search = useSearch({ from: '/tools' });
  const navigate = useNavigate({ from: '/tools' });
  const calls = useQuery({
    ...ask('tools.listToolCalls', { query: { ...search, limit: 100 } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Panel
      title="Calls"
      isFlush
      actions={
        <Filter
          label="State"
          data-search
          value={search.state ?? ''}
          onChange={(event) => {
            const state = TOOL_CALL_STATES.find((each) => each === event.target.value);
            void navigate({ search: state === undefined ? {} : { state } });
          }}
        >
          <option value="">every state</option>
          {TOOL_CALL_STATES.map((state) => (
            <option key={state}>{state}</option>
          ))}
        </Filter>
      }
    >
      {calls.error === null ? null : <Failure error={calls.error} />}
      {calls.data === undefined ? null : (
        <CallRows
          calls={calls.data.calls}
          what={search.state === undefined ? 'No tool was called yet.' : `None is ${search.state}.`}
        />
      )}
    </Panel>
  );
}

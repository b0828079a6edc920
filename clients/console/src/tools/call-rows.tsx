import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { Empty } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { CallBadge, ModeBadge, type ToolCall } from './mode-badge.tsx';

/** Calls of tools, newest first. */
export function CallRows({
  calls,
  what,
}: {
  calls: readonly ToolCall[];
  what: string;
}): ReactElement {
  return (
    <Table
      label="Calls of tools"
      rows={calls}
      keyOf={({ id }) => id}
      empty={
        <Empty what={what} command={`sagewai tools call NAME --arguments '{"title": "Hello"}'`} />
      }
      columns={[
        { name: 'State', show: ({ state }) => <CallBadge state={state} /> },
        {
          name: 'Call',
          show: ({ id, tool }) => (
            <Link
              to="/tool-calls/$callId"
              params={{ callId: id }}
              className="text-accent hover:underline"
            >
              {tool}
            </Link>
          ),
        },
        { name: 'Mode', show: ({ mode }) => <ModeBadge mode={mode} />, isExtra: true },
        { name: 'Error', show: ({ error }) => error ?? '–', isExtra: true },
        { name: 'Asked for by', show: ({ requested_by: by }) => by, isExtra: true },
        { name: 'Decided by', show: ({ decided_by: by }) => by ?? '–', isExtra: true },
        { name: 'When', show: ({ created_at: at }) => <Time at={at} /> },
      ]}
    />
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useEvery } from '../shell/live.ts';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

const EVERY_MS = 5_000;

export function WorkflowsPage(): ReactElement {
  const { data, error, refetch } = useQuery({
    ...ask('workflows.listWorkflows', { query: {} }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Page
      title="Workflows"
      about="What workers say that they can do, each in its newest version. Choose one to run it."
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table
            label="Workflows"
            rows={data.workflows}
            keyOf={({ name, project_id: project }) => `${project ?? ''} ${name}`}
            empty={
              <Empty
                what="No worker has a workflow yet. A file that exports some is given to one:"
                command="WORKER_WORKFLOWS=./workflows.ts sagewai worker"
              />
            }
            columns={[
              {
                name: 'Workflow',
                show: ({ name }) => (
                  <Link
                    to="/workflows/$workflow"
                    params={{ workflow: name }}
                    className="text-accent hover:underline"
                  >
                    {name}
                  </Link>
                ),
              },
              { name: 'Version', show: ({ version }) => version ?? '–' },
              { name: 'Pool', show: ({ pool }) => pool, isExtra: true },
              {
                name: 'Input',
                show: ({ input_schema: schema }) =>
                  schema === null ? 'any; the worker checks it' : 'checked before it is stored',
                isExtra: true,
              },
              {
                name: 'Of',
                show: ({ project_id: of }) => (of === null ? 'every project' : 'one project'),
                isExtra: true,
              },
              { name: 'Last said', show: ({ seen_at: at }) => <Time at={at} /> },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

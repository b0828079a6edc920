import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { RunRows } from '../runs/run-rows.tsx';
import { useEvery } from '../shell/live.ts';
import { Failure } from '../ui/failure.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { StartRun } from '../workflows/start-run.tsx';

const EVERY_MS = 3_000;

export function WorkflowPage(): ReactElement {
  const { workflow: name } = useParams({ from: '/workflows/$workflow' });
  const refetchInterval = useEvery(EVERY_MS);
  const params = { workflow: name };
  const workflow = useQuery({
    ...ask('workflows.getWorkflow', { params, query: {} }),
    refetchInterval,
  });
  const runs = useQuery({
    ...ask('workflows.listRuns', { params, query: { limit: 50 } }),
    refetchInterval,
  });
  const error = workflow.error ?? runs.error;
  const { data } = workflow;
  const past = runs.data?.runs ?? [];
  return (
    <Page title={name} about="A workflow: its versions, what it takes, its runs.">
      {error === null ? null : <Failure error={error} again={() => void workflow.refetch()} />}
      {data === undefined ? null : (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Panel title="Run it">
            <StartRun workflow={data} runs={past} />
          </Panel>
          <div className="flex min-w-0 flex-col gap-4">
            <Panel title="What it takes">
              {data.input_schema === null ? (
                <p className="text-muted">Its workers do not say: they check it themselves.</p>
              ) : (
                <JsonView value={data.input_schema} label="Schema of its input" />
              )}
            </Panel>
            <Panel title="Versions" isFlush>
              <Table
                label="Versions"
                rows={data.versions}
                keyOf={({ version, pool }) => `${version ?? ''} ${pool}`}
                empty={null}
                columns={[
                  { name: 'Version', show: ({ version }) => version ?? '–' },
                  { name: 'Pool', show: ({ pool }) => pool },
                  { name: 'First said', show: ({ registered_at: at }) => <Time at={at} /> },
                  { name: 'Last said', show: ({ seen_at: at }) => <Time at={at} /> },
                ]}
              />
            </Panel>
          </div>
        </div>
      )}
      <Panel title="Its runs" isFlush>
        {runs.data?.runs.length === 0 ? (
          <div className="p-4">
            <Empty
              what="It was not run by its name yet."
              command={`sagewai workflows run ${name} --input '{}'`}
            />
          </div>
        ) : (
          <RunRows runs={past} hasMore={false} onMore={() => undefined} />
        )}
      </Panel>
    </Page>
  );
}

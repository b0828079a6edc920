import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { shortCount, shortDuration, shortUsd } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';

type Deployment = CallOutput<'litellm.readModelInfo'>['data'][number];
type Unwell = CallOutput<'litellm.readHealth'>['unhealthy_endpoints'][number];

const EVERY_MS = 5_000;
const MILLION = 1_000_000;

/** Each way to reach a model: what it costs, what it takes, and whether calls get through. */
export function ModelsPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const info = useQuery({ ...ask('litellm.readModelInfo', { query: {} }), refetchInterval });
  const health = useQuery({ ...ask('litellm.readHealth', {}), refetchInterval });
  const unwell = new Map(health.data?.unhealthy_endpoints.map((each) => [each.model_id, each]));
  const error = info.error ?? health.error;
  return (
    <Page
      title="Models"
      about="Each deployment is one way to reach a model. One that fails again and again is passed over for a while."
    >
      {error === null ? null : <Failure error={error} />}
      <Panel isFlush>
        {info.data === undefined ? null : (
          <Table<Deployment>
            label="Deployments"
            rows={info.data.data}
            keyOf={({ model_info: { id } }) => id}
            empty={
              <Empty
                what="There is no model. Name some in a models file, and start the server with it:"
                command="sagewai server --config litellm-config.yaml"
              />
            }
            columns={[
              {
                name: 'State',
                show: ({ model_info: { id } }) => <State unwell={unwell.get(id)} />,
              },
              { name: 'Model', show: ({ model_name: name }) => name },
              {
                name: 'Provider',
                show: ({ model_info: { litellm_provider: provider } }) => provider,
              },
              {
                name: 'There it is called',
                show: ({ litellm_params: { model } }) => model,
                isExtra: true,
              },
              {
                name: 'In, a million tokens',
                show: ({ model_info: { input_cost_per_token: usd } }) => priceOf(usd),
                isNumber: true,
              },
              {
                name: 'Out',
                show: ({ model_info: { output_cost_per_token: usd } }) => priceOf(usd),
                isNumber: true,
              },
              {
                name: 'Tokens out at most',
                show: ({ model_info: { max_output_tokens: max } }) =>
                  max === null ? '–' : shortCount(max),
                isNumber: true,
                isExtra: true,
              },
              {
                name: 'Stored',
                show: ({ model_info: { db_model: isStored } }) =>
                  isStored ? 'by API' : 'in the models file',
                isExtra: true,
              },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

const priceOf = (usd: number | null): string =>
  usd === null ? 'nobody knows' : shortUsd(String(usd * MILLION));

function State({ unwell }: { unwell: Unwell | undefined }): ReactElement {
  if (unwell === undefined) return <Badge tone="ok">well</Badge>;
  return <Badge tone="bad">passed over for {shortDuration(unwell.cools_for_ms ?? 0)}</Badge>;
}

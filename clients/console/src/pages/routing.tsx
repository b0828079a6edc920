import { useQueries, useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { PastCalls } from '../gateway/past-calls.tsx';
import { requestedBy, type Route, routeAgain } from '../gateway/route-again.ts';
import { RouteNow } from '../gateway/route-now.tsx';
import { useEvery } from '../shell/live.ts';
import { Failure } from '../ui/failure.tsx';
import { Filter } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';

const EVERY_MS = 5_000;
const CALLS = 200;
/** Of how many models of past calls it is asked where they would go now. */
const MODELS = 30;

/** Where calls went, and where they would go by the rules and the health of now. */
export function RoutingPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const models = useQuery(ask('gateway.listModels', { query: {} }));
  const past = useQuery({
    ...ask('ledger.listSpend', { query: { limit: CALLS } }),
    refetchInterval,
  });
  const decisions = useQuery({
    ...ask('ledger.listRoutingDecisions', { query: { limit: CALLS } }),
    refetchInterval,
  });
  const choices = new Map(decisions.data?.decisions.map((each) => [each.id, each]));
  const [chosen, setChosen] = useState<string | null>(null);
  const model = chosen ?? models.data?.data[0]?.id ?? null;
  const asked = [...new Set(past.data?.spend.map((call) => requestedBy(call, choices)))].slice(
    0,
    MODELS,
  );
  const routes = useQueries({
    queries: asked.map((name) => ({
      ...ask('gateway.explainRoute', { query: { model: name } }),
      refetchInterval,
      // One that is not there any more is an answer too.
      retry: false,
    })),
  });
  const known = new Map<string, Route>(
    routes.flatMap(({ data }, index) => {
      const name = asked[index];
      return data === undefined || name === undefined ? [] : [[name, data] as const];
    }),
  );
  const error = models.error ?? past.error ?? decisions.error;
  return (
    <Page
      title="Routing"
      about="How a call finds its way among the deployments of a model, and what falls back to what."
    >
      {error === null ? null : <Failure error={error} />}
      <Panel
        isFlush
        title="A call that comes now"
        actions={
          <Filter
            label="Model"
            data-search
            value={model ?? ''}
            onChange={({ target: { value } }) => setChosen(value)}
          >
            {models.data?.data.map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </Filter>
        }
      >
        {model !== null ? (
          <RouteNow model={model} />
        ) : (
          <div className="p-3">
            <Empty
              what="There is no model to call."
              command="sagewai server --config litellm-config.yaml"
            />
          </div>
        )}
      </Panel>
      <Panel title="The newest calls, and the way they would go now" isFlush>
        {past.data === undefined || routes.some(({ isPending }) => isPending) ? null : (
          <PastCalls
            rerouted={routeAgain(
              past.data.spend.filter((call) => asked.includes(requestedBy(call, choices))),
              choices,
              known,
            )}
          />
        )}
      </Panel>
    </Page>
  );
}

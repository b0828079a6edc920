import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createApi } from '../common/api.ts';
import type { Bench } from '../common/bench.ts';
import { type Server, startReplica, startServer } from '../common/server.ts';
import type { Contender } from './contender.ts';
import { MODEL } from './scripted-answer.ts';

/** Limits that the load stays under, so that each is reserved and settled and none refuses. */
const USD_PER_DAY = '1000000';
const RATES = { tokens_per_minute: 100_000_000_000, requests_per_minute: 100_000_000 };

/** Our gateway with everything on: key, budget and both rates on key and project, spend rows, audit. */
export async function startOurs(
  bench: Bench,
  name: string,
  upstreamUrl: string,
  {
    count = 1,
    environment = {},
  }: { readonly count?: number; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<{ contender: Contender; servers: [Server, ...Server[]] }> {
  const configPath = configPathOf(bench);
  writeFileSync(configPath, configOf(upstreamUrl));
  const args = ['--config', configPath];
  const server = await startServer(bench, name, args, environment);
  const servers: [Server, ...Server[]] = [server];
  for (let more = 2; more <= count; more += 1) {
    servers.push(await startReplica(bench, `${name}-${more}`, server, args));
  }
  const api = createApi(server.url, server.administrator);
  const budget = { usd_per_day: USD_PER_DAY };
  const { key, project_id: project } = (await api.post('/api/v1/keys', {
    name: 'bench',
    budget,
    ...RATES,
  })) as { key: string; project_id: string };
  await api.put(`/api/v1/budgets/project/${project}`, { usd_per_day: USD_PER_DAY, ...RATES });
  await api.close();
  return {
    servers,
    contender: {
      name,
      ports: servers.map(({ port }) => port),
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${key}` },
      processes: servers.map(({ process }) => process),
      databasePid: server.postgres.pid,
    },
  };
}

/** Where its models are described. */
export function configPathOf({ folder }: Bench): string {
  return join(folder, 'litellm-config.yaml');
}

/** JSON is YAML. */
function configOf(upstreamUrl: string): string {
  return JSON.stringify({
    model_list: [
      {
        model_name: MODEL,
        litellm_params: {
          model: `openai/${MODEL}`,
          api_base: `${upstreamUrl}/v1`,
          api_key: 'upstream',
        },
        model_info: { input_cost_per_token: 0.000_000_15, output_cost_per_token: 0.000_000_6 },
      },
    ],
  });
}

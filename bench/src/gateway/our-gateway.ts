import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createApi } from '../common/api.ts';
import type { Bench } from '../common/bench.ts';
import { type Server, startServer } from '../common/server.ts';
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
): Promise<{ contender: Contender; server: Server }> {
  const configPath = join(bench.folder, 'litellm-config.yaml');
  writeFileSync(configPath, configOf(upstreamUrl));
  const server = await startServer(bench, name, ['--config', configPath]);
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
    server,
    contender: {
      name,
      port: server.port,
      path: '/v1/chat/completions',
      headers: { authorization: `Bearer ${key}` },
      process: server.process,
      databasePid: server.postgres.pid,
    },
  };
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

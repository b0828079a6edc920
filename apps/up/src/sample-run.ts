import type { ServerApi } from './server-api.ts';

/** A run as the server's own API tells it. */
export interface SampleRun {
  readonly id: string;
  readonly state: string;
  readonly worker_name: string | null;
  readonly models_used: readonly string[];
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: string;
  readonly error: string | null;
  readonly output: { readonly message?: string } | null;
}

const ENDED = ['completed', 'failed', 'cancelled'];
const WAIT_MS = 10_000;

/** Submits one agent run and follows it to its end. */
export async function runSample(
  api: ServerApi,
  model: string,
  onState: (run: SampleRun) => void,
): Promise<SampleRun> {
  const { id } = await api.post<{ id: string }>('/api/v1/runs', {
    model,
    payload: {
      agent: {
        name: 'hello',
        model,
        system: 'You greet people who have just started their control plane for agents.',
      },
      message: 'Say hello, and say in one sentence what you are.',
    },
  });
  let known = '';
  for (;;) {
    const query = known === '' ? '' : `?wait_ms=${WAIT_MS}&known_state=${known}`;
    const run = await api.get<SampleRun>(`/api/v1/runs/${id}${query}`);
    if (run.state !== known) onState(run);
    known = run.state;
    if (ENDED.includes(run.state)) return run;
  }
}

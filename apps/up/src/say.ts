import type { Prepared } from './prepare.ts';
import type { SampleRun } from './sample-run.ts';

/** What is printed for people, and what for programs (`--json`). */
export interface Voice {
  /** For people: stdout, or stderr when stdout belongs to a program. */
  tell(text: string): void;
  /** For programs; silent without `--json`. */
  emit(fact: unknown): void;
}

export function createVoice(json: boolean): Voice {
  const people = json ? process.stderr : process.stdout;
  return {
    tell: (text) => void people.write(`${text}\n`),
    emit: (fact) => {
      if (json) process.stdout.write(`${JSON.stringify(fact)}\n`);
    },
  };
}

export interface Ready extends Prepared {
  readonly url: string;
  readonly home: string;
  readonly models: readonly string[];
  readonly workers: number;
}

export const readyFact = (ready: Ready): Record<string, string> => ({
  url: ready.url,
  admin_token: ready.adminToken,
  virtual_key: ready.virtualKey,
  organization: ready.organization,
  project: ready.project,
  home: ready.home,
});

export function readyText(ready: Ready): string {
  const key = ready.first ? ready.virtualKey : '$SAGEWAI_KEY';
  const model = ready.models[0] ?? 'simulated';
  const credentials = ready.first
    ? `  Administrator's token  ${ready.adminToken}
  Virtual key            ${ready.virtualKey}
                         (shown once; this home keeps them in ${ready.home}/up.json)`
    : `  Credentials            as shown at the first start; kept in ${ready.home}/up.json`;
  return `
Sagewai is up at ${ready.url}

${credentials}
  Models                 ${ready.models.join(', ')}
  Workers                ${ready.workers} local
  Home                   ${ready.home}

Call a model:

  curl ${ready.url}/v1/chat/completions \\
    -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'

Or with any OpenAI SDK:

  import OpenAI from 'openai';
  const client = new OpenAI({ baseURL: '${ready.url}/v1', apiKey: '${key}' });
  await client.chat.completions.create({
    model: '${model}', messages: [{ role: 'user', content: 'Hello' }],
  });
`;
}

export function sampleText(run: SampleRun): string {
  const models = run.models_used.join(', ') || 'none';
  const simulated = models.includes('simulated') ? ' (simulated: no model was called)' : '';
  const result =
    run.state === 'completed' ? (run.output?.message ?? '') : `failed: ${run.error ?? ''}`;
  return `
  Run      ${run.id}
  State    ${run.state}
  Worker   ${run.worker_name ?? '-'}
  Model    ${models}${simulated}
  Tokens   ${run.input_tokens} in, ${run.output_tokens} out
  Cost     $${run.cost_usd}
  Result   ${result}
`;
}

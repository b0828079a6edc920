import type { WorkerCredentials } from '@sagewai/sdk';

import { ollamaUrl } from '../ollama-url.ts';
import type { ProviderCredentials } from '../worker-options.ts';

/** The worker's own credentials as a run sees them: its `env_overrides` over the environment's. */
export function providersOf(
  credentials: ProviderCredentials,
  { env_overrides: env = {} }: WorkerCredentials,
): ProviderCredentials {
  const ollama = env['OLLAMA_HOST'] === undefined ? null : ollamaUrl(env['OLLAMA_HOST']);
  return {
    openai: merge(credentials.openai, {
      apiKey: env['OPENAI_API_KEY'],
      baseUrl: env['OPENAI_BASE_URL'],
      usualUrl: 'https://api.openai.com/v1',
    }),
    anthropic: merge(credentials.anthropic, {
      apiKey: env['ANTHROPIC_API_KEY'],
      baseUrl: env['ANTHROPIC_BASE_URL'],
      usualUrl: 'https://api.anthropic.com/v1',
    }),
    ollama: ollama === null ? credentials.ollama : { baseUrl: `${ollama}/v1` },
  };
}

/** Whether a declared model says nothing of what is called for it, and where. */
export const overridesModels = ({
  model_overrides: models = {},
  inference_overrides: inference = {},
}: WorkerCredentials): boolean => Object.keys(models).length + Object.keys(inference).length > 0;

/** A key is for the host it was given for: another address alone does not take it along. */
function merge(
  own: ProviderCredentials['openai'],
  given: {
    readonly apiKey: string | undefined;
    readonly baseUrl: string | undefined;
    readonly usualUrl: string;
  },
): ProviderCredentials['openai'] {
  if (given.apiKey === undefined && given.baseUrl === undefined) return own;
  const baseUrl = (given.baseUrl ?? own?.baseUrl ?? given.usualUrl).replace(/\/+$/, '');
  const apiKey = given.apiKey ?? (own?.baseUrl === baseUrl ? own.apiKey : '');
  return apiKey === '' && given.baseUrl === undefined ? null : { apiKey, baseUrl };
}

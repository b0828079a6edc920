import type { Secret } from '@sagewai/config';

import { withVersion } from '../config-file/find-place.ts';
import type { Source } from '../models/catalogue.ts';

export const OPENAI_URL = 'https://api.openai.com/v1';
export const ANTHROPIC_URL = 'https://api.anthropic.com/v1';

interface SourceSettings {
  readonly openaiApiKey: Secret | null;
  readonly openaiBaseUrl: string | null;
  readonly openaiModels: readonly string[];
  readonly anthropicApiKey: Secret | null;
  readonly anthropicBaseUrl: string;
  readonly ollamaHost: string | null;
  readonly litellmProxyUrl: string | null;
  readonly litellmApiKey: Secret | null;
}

/** Providers that are named by settings alone. */
export function readSources(settings: SourceSettings): Source[] {
  const sources: Source[] = [];
  const add = (
    name: string,
    endpoint: Source['endpoint'],
    models: readonly string[] = [],
  ): void => {
    sources.push({ name, endpoint, models });
  };
  const { openaiApiKey, openaiBaseUrl, anthropicApiKey, ollamaHost, litellmProxyUrl } = settings;
  if (openaiApiKey ?? openaiBaseUrl) {
    const baseUrl = withVersion(openaiBaseUrl ?? OPENAI_URL, false);
    const provider = new URL(baseUrl).host === new URL(OPENAI_URL).host ? 'openai' : 'compatible';
    add('openai', { provider, baseUrl, credential: openaiApiKey }, settings.openaiModels);
  }
  if (anthropicApiKey) {
    const baseUrl = withVersion(settings.anthropicBaseUrl, true);
    add('anthropic', { provider: 'anthropic', baseUrl, credential: anthropicApiKey });
  }
  if (ollamaHost) {
    // What Ollama itself listens on by this variable cannot be connected to everywhere.
    const baseUrl = withVersion(ollamaHost.replace('://0.0.0.0', '://127.0.0.1'), true);
    add('ollama', { provider: 'ollama', baseUrl, credential: null });
  }
  if (litellmProxyUrl) {
    const baseUrl = withVersion(litellmProxyUrl, true);
    add('litellm', { provider: 'litellm', baseUrl, credential: settings.litellmApiKey });
  }
  return sources;
}

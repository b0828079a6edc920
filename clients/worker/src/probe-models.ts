import type { Send } from '@sagewai/sdk';

import { chooseRoute, type ModelRoute } from './models/choose-route.ts';
import type { ProviderCredentials } from './worker-options.ts';

/** What a worker found when it asked whoever answers calls of one of its models. */
export interface Probe {
  readonly model: string;
  /** Null: there is nobody to ask. */
  readonly reachable: boolean | null;
  readonly latency_ms: number | null;
  readonly error: string | null;
}

export interface ProbeOptions {
  readonly models: readonly string[];
  readonly providers: ProviderCredentials;
  /** The credentials file puts other models, or other places, behind these names. */
  readonly isOverridden: boolean;
  readonly send: Send;
  /** `list` asks what models there are; `completion` also has each say one token, which may cost. */
  readonly how: 'list' | 'completion';
  readonly timeoutMs: number;
}

type Direct = Extract<ModelRoute, { kind: 'direct' }>;
/** What a back end said of itself: its models, or why it could not. */
interface Asked {
  readonly models: ReadonlySet<string> | null;
  readonly error: string | null;
  readonly latencyMs: number;
}

const ERROR_LENGTH_MAX = 300;

/** Asks each back end once, and answers for each model. Never throws. */
export async function probeModels(options: ProbeOptions): Promise<Probe[]> {
  const asked = new Map<string, Promise<Asked>>();
  return Promise.all(
    options.models.map(async (model): Promise<Probe> => {
      const route = chooseRoute(model, options.providers);
      if (route.kind === 'gateway' || options.isOverridden) return unasked(model);
      const key = `${route.provider} ${route.baseUrl}`;
      const backend = asked.get(key) ?? askModels(route, options);
      asked.set(key, backend);
      const answer = await backend;
      const latency_ms = Math.round(answer.latencyMs);
      const error = answer.error ?? (has(answer.models, route.model) ? null : missing(route));
      if (error !== null || options.how === 'list') {
        return { model, reachable: error === null, latency_ms, error };
      }
      const said = await askToken(route, options);
      const reachable = said.error === null;
      return { model, reachable, latency_ms: Math.round(said.latencyMs), error: said.error };
    }),
  );
}

/** The server's gateway answers for it, and knows by itself whether it can. */
function unasked(model: string): Probe {
  const provider = model.includes('/') ? model.slice(0, model.indexOf('/')) : 'gateway';
  const error = `No endpoint configured for provider '${provider}'`;
  return { model, reachable: null, latency_ms: null, error };
}

const missing = ({ provider, model }: Direct): string => `${provider} does not have ${model}`;

/** Ollama lists `llama3:latest` for what is called `llama3`. */
const has = (models: ReadonlySet<string> | null, model: string): boolean =>
  models === null || models.has(model) || models.has(`${model}:latest`);

async function askModels(route: Direct, { send, timeoutMs }: ProbeOptions): Promise<Asked> {
  const isOllama = route.provider === 'ollama';
  const url = isOllama
    ? `${route.baseUrl.replace(/\/v1$/, '')}/api/tags`
    : `${route.baseUrl}/models`;
  return ask(async () => {
    const answer = await send({
      url,
      method: 'GET',
      headers: headersOf(route),
      body: null,
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
    const body = JSON.parse(answer.text) as unknown;
    if (isOllama) return namesIn(body, 'models', 'name');
    const names = namesIn(body, 'data', 'id');
    // A server of OpenAI's format that lists nothing keeps no list; an Ollama without models has none.
    return names?.size === 0 ? null : names;
  });
}

async function askToken(route: Direct, { send, timeoutMs }: ProbeOptions): Promise<Asked> {
  const messages = [{ role: 'user', content: 'Hi' }];
  return ask(async () => {
    const answer = await send({
      url: `${route.baseUrl}/chat/completions`,
      method: 'POST',
      headers: { ...headersOf(route), 'content-type': 'application/json' },
      body: JSON.stringify({ model: route.model, messages, max_tokens: 1 }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (answer.status !== 200) throw new Error(`a completion answered ${answer.status}`);
    return null;
  });
}

async function ask(work: () => Promise<ReadonlySet<string> | null>): Promise<Asked> {
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  try {
    return { models: await work(), error: null, latencyMs: since() };
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const error = why.slice(0, ERROR_LENGTH_MAX).toWellFormed().replaceAll('\u0000', '');
    return { models: null, error: error || 'it did not answer', latencyMs: since() };
  }
}

const headersOf = ({ apiKey }: Direct): Record<string, string> =>
  apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` };

/** Null when the list is not what it should be: then the answer alone counts. */
function namesIn(body: unknown, list: string, name: string): ReadonlySet<string> | null {
  const items = isRecord(body) ? body[list] : null;
  if (!Array.isArray(items)) return null;
  const names = items.flatMap((item: unknown) => {
    const value = isRecord(item) ? item[name] : null;
    return typeof value === 'string' ? [value] : [];
  });
  return new Set(names);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

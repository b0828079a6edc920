import type { Dispatcher } from 'undici';

import type { Endpoint } from '../models/deployment.ts';
import type { Stated } from '../models/price-deployment.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { readUsdPerToken } from '../money/read-rate.ts';
import { traitsOf } from './provider.ts';

/** A model as its provider lists it, and what the provider says about it. */
export interface ListedModel {
  readonly name: string;
  readonly stated: Stated;
}

const LIST_BYTES_MAX = 16 * 1024 * 1024;

/** Throws when the provider cannot be asked, or answers something that is no list of models. */
export async function listUpstreamModels(
  endpoint: Endpoint,
  connections: Pick<Dispatcher, 'request'>,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  const { provider, baseUrl } = endpoint;
  const { pathname } = new URL(baseUrl);
  const get = (path: string): Promise<unknown> => getJson(endpoint, connections, { path, signal });
  switch (traitsOf(provider).modelList) {
    case 'models':
      // Anthropic's list has pages of 20 unless it is asked for more.
      return talkersFirst(
        readIds(await get(`${pathname}/models${provider === 'anthropic' ? '?limit=1000' : ''}`)),
      );
    case 'ollama-tags':
      return readTags(await get(`${pathname.replace(/\/v1$/, '')}/api/tags`));
    case 'none':
      throw new Error('the provider has no list of models');
    case 'litellm-info':
      try {
        return readInfo(await get(`${pathname.replace(/\/v1$/, '')}/model/info`));
      } catch {
        // Only some keys of such a proxy may read it.
        return readIds(await get(`${pathname}/models`));
      }
  }
}

/** What a list holds beside, and no path here reaches. */
const NOT_SERVED = /^(?:babbage|davinci|sora)|-realtime/;

const NOT_FOR_CHAT =
  /^(?:text-embedding|whisper|tts-|dall-e|gpt-image|omni-moderation|text-moderation)|embed|-tts|-transcribe/;

/** Whoever takes the first of a list means one that can be talked to. */
function talkersFirst(listed: readonly ListedModel[]): ListedModel[] {
  const served = listed.filter(({ name }) => !NOT_SERVED.test(name));
  const talks = ({ name }: ListedModel): boolean => !NOT_FOR_CHAT.test(name);
  return [...served.filter(talks), ...served.filter((model) => !talks(model))];
}

/**
 * What tells for nothing whether a provider is there and takes our credential: a GET of its list of models.
 * Null where there is no such list. Then the credential may sign requests, and is no header (M6).
 */
export function healthQuestion(
  endpoint: Endpoint,
): { readonly path: string; readonly headers: Readonly<Record<string, string>> } | null {
  const { modelList } = traitsOf(endpoint.provider);
  if (modelList === 'none') return null;
  const { pathname } = new URL(endpoint.baseUrl);
  const isOllama = modelList === 'ollama-tags';
  const path = isOllama ? `${pathname.replace(/\/v1$/, '')}/api/tags` : `${pathname}/models`;
  return { path, headers: headersOf(endpoint) };
}

/** The status of a provider's list of models. */
export async function askUpstream(
  endpoint: Endpoint,
  connections: Pick<Dispatcher, 'request'>,
  signal: AbortSignal,
): Promise<number> {
  const question = healthQuestion(endpoint);
  if (question === null) throw new Error('the provider has no list of models');
  const answer = await connections.request({ method: 'GET', ...question, signal });
  await answer.body.dump({ limit: LIST_BYTES_MAX });
  return answer.statusCode;
}

function headersOf({ provider, credential }: Endpoint): Readonly<Record<string, string>> {
  const key = credential?.reveal();
  return {
    accept: 'application/json',
    ...(key === undefined ? {} : traitsOf(provider).credentialHeader(key)),
    // Its list does not know the header that its chat endpoint takes.
    ...(provider === 'anthropic'
      ? { authorization: `Bearer ${key}`, 'anthropic-version': '2023-06-01' }
      : {}),
  };
}

async function getJson(
  endpoint: Endpoint,
  connections: Pick<Dispatcher, 'request'>,
  { path, signal }: { path: string; signal: AbortSignal },
): Promise<unknown> {
  const headers = headersOf(endpoint);
  const answer = await connections.request({ method: 'GET', path, headers, signal });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > LIST_BYTES_MAX) throw new Error('the list of models is too long');
    pieces.push(piece);
  }
  if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
  return JSON.parse(Buffer.concat(pieces).toString());
}

const NOTHING_STATED: Stated = {};

function readIds(body: unknown): ListedModel[] {
  return itemsOf(body, 'data').flatMap(({ id }) =>
    typeof id === 'string' ? [{ name: id, stated: NOTHING_STATED }] : [],
  );
}

function readTags(body: unknown): ListedModel[] {
  return itemsOf(body, 'models').flatMap(({ name }) =>
    typeof name === 'string' ? [{ name, stated: NOTHING_STATED }] : [],
  );
}

/** A LiteLLM proxy knows what its models cost, and says so. */
function readInfo(body: unknown): ListedModel[] {
  return itemsOf(body, 'data').flatMap(({ model_name: name, model_info: info }) => {
    if (typeof name !== 'string') return [];
    const of = (info ?? {}) as Record<string, unknown>;
    const input = rateOf(of['input_cost_per_token']);
    const output = rateOf(of['output_cost_per_token']);
    const cachedInput = rateOf(of['cache_read_input_token_cost']);
    const cacheWrite = rateOf(of['cache_creation_input_token_cost']);
    const price =
      input === undefined || output === undefined
        ? undefined
        : flatPrice(ratesOf({ input, output, cachedInput, cacheWrite }));
    const outputTokensMax = countOf(of['max_output_tokens']);
    return [
      {
        name,
        stated: { price, outputTokensMax, contextTokensMax: countOf(of['max_input_tokens']) },
      },
    ];
  });
}

function itemsOf(body: unknown, name: string): readonly Record<string, unknown>[] {
  const list = (body as Record<string, unknown> | null)?.[name];
  if (!Array.isArray(list)) throw new Error(`no list "${name}" in the answer`);
  return (list as unknown[]).filter((item) => typeof item === 'object' && item !== null) as Record<
    string,
    unknown
  >[];
}

function rateOf(value: unknown): bigint | undefined {
  const rate = typeof value === 'number' && value >= 0 ? readUsdPerToken(String(value)) : undefined;
  return rate === undefined || rate.kind === 'invalid' ? undefined : rate.value;
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

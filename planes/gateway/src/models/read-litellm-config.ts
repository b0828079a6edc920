import { Secret } from '@sagewai/config';
import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';

import { type Price, flatPrice, ratesOf } from '../money/price.ts';
import { readUsdPerToken } from '../money/read-rate.ts';
import { PREFIXES, prefixOfName, traitsOf } from '../providers/provider.ts';
import type { Deployment } from './deployment.ts';
import { priceDeployment, type Stated } from './price-deployment.ts';

export type LitellmConfig =
  | {
      readonly kind: 'read';
      readonly deployments: readonly Deployment[];
      /** What the file says and nobody here listens to, as paths. For one line in the log. */
      readonly ignored: readonly string[];
    }
  | { readonly kind: 'refused'; readonly mistakes: readonly string[] };

/** Reads `os.environ/NAME`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The `model_list` of a `litellm-config.yaml`. All mistakes are reported together and none shows a
 * value, since any value may be a key. Prices are read from the text of the file: YAML would make
 * floats of them.
 */
export function readLitellmConfig(text: string, env: Environment, at: Date): LitellmConfig {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [error] = document.errors;
  if (error) {
    return refused([`line ${error.linePos?.[0].line ?? 1}: it is not YAML (${error.code})`]);
  }
  const root = document.contents;
  const list = isMap(root) ? root.get('model_list', true) : undefined;
  if (!isMap(root) || !isSeq(list)) return refused(['model_list: expected a list of models']);

  const mistakes: string[] = [];
  const ignored = keysOf(root).filter((key) => key !== 'model_list');
  const deployments = list.items.flatMap((item, index) => {
    const entry = new Entry(item, `model_list[${index}]`, mistakes);
    for (const key of entry.unread) ignored.push(key);
    return readEntry(entry, { env, at, index });
  });
  const ids = deployments.map(({ id }) => id);
  for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index))) {
    mistakes.push(`model_info.id: ${id} is there more than once`);
  }
  return mistakes.length > 0 ? refused(mistakes) : { kind: 'read', deployments, ignored };
}

function refused(mistakes: readonly string[]): LitellmConfig {
  return { kind: 'refused', mistakes };
}

function readEntry(
  entry: Entry,
  { env, at, index }: { env: Environment; at: Date; index: number },
): Deployment[] {
  const model = entry.text('model_name');
  const named = entry.text('litellm_params.model');
  if (model === undefined || named === undefined) {
    entry.mistake(model === undefined ? 'model_name' : 'litellm_params.model', 'expected a name');
    return [];
  }
  if (model.includes('*') || named.includes('*')) {
    entry.mistake('model_name', 'wildcards are not known here: list the models');
    return [];
  }
  const apiBase = entry.resolve('litellm_params.api_base', env);
  const place = findPlace(entry, named, apiBase);
  const key = entry.resolve('litellm_params.api_key', env);
  const stated = readStated(entry);
  if (place === undefined) return [];
  return [
    {
      id: entry.text('model_info.id') ?? `config-${index + 1}`,
      model,
      upstreamModel: place.upstreamModel,
      endpoint: {
        provider: place.provider,
        baseUrl: place.baseUrl,
        credential: key === undefined ? null : new Secret(key),
      },
      ...priceDeployment(place.provider, place.upstreamModel, stated, at),
    },
  ];
}

function findPlace(entry: Entry, named: string, apiBase: string | undefined) {
  const slash = named.indexOf('/');
  const prefix = slash === -1 ? prefixOfName(named) : named.slice(0, slash);
  const known = prefix === undefined ? undefined : PREFIXES.get(prefix);
  if (known === undefined && (slash !== -1 || apiBase === undefined)) {
    const what = slash === -1 ? 'no provider before the name' : 'unknown provider';
    entry.mistake('litellm_params.model', `${what}; known are ${[...PREFIXES.keys()].join(', ')}`);
    return undefined;
  }
  const upstreamModel = named.slice(slash + 1);
  const provider =
    known === undefined || (known.provider === 'openai' && apiBase !== undefined)
      ? 'compatible'
      : known.provider;
  const baseUrl = apiBase ?? known?.baseUrl;
  if (baseUrl === undefined || !/^https?:\/\/[^/\s]/.test(baseUrl) || !URL.canParse(baseUrl)) {
    entry.mistake('litellm_params.api_base', 'expected a URL that starts with http:// or https://');
    return undefined;
  }
  return { provider, upstreamModel, baseUrl: withVersion(baseUrl, traitsOf(provider).isLocal) };
}

/** Ollama's own base has no version; its OpenAI-compatible one has. */
export function withVersion(baseUrl: string, addsVersion: boolean): string {
  const bare = baseUrl.replace(/\/+$/, '');
  return addsVersion && !bare.endsWith('/v1') ? `${bare}/v1` : bare;
}

function readStated(entry: Entry): Stated {
  const input = entry.rate('model_info.input_cost_per_token');
  const output = entry.rate('model_info.output_cost_per_token');
  const [hasInput, hasOutput] = ['input_cost_per_token', 'output_cost_per_token'].map(
    (name) => entry.text(`model_info.${name}`) !== undefined,
  );
  if (hasInput !== hasOutput) {
    entry.mistake('model_info', 'a price has input_cost_per_token and output_cost_per_token');
  }
  const cachedInput = entry.rate('model_info.cache_read_input_token_cost');
  const cacheWrite = entry.rate('model_info.cache_creation_input_token_cost');
  let price: Price | undefined;
  if (input !== undefined && output !== undefined) {
    price = flatPrice(ratesOf({ input, output, cachedInput, cacheWrite }));
  }
  // In LiteLLM `max_tokens` is an older word for the limit of the output.
  const older = entry.count('model_info.max_tokens');
  const outputTokensMax = entry.count('model_info.max_output_tokens') ?? older;
  return { price, outputTokensMax, contextTokensMax: entry.count('model_info.max_input_tokens') };
}

const READ = new Set([
  'model_name',
  'litellm_params.model',
  'litellm_params.api_key',
  'litellm_params.api_base',
  'model_info.id',
  'model_info.input_cost_per_token',
  'model_info.output_cost_per_token',
  'model_info.cache_read_input_token_cost',
  'model_info.cache_creation_input_token_cost',
  'model_info.max_tokens',
  'model_info.max_input_tokens',
  'model_info.max_output_tokens',
]);

/** One entry of the list, read by path; what cannot be read becomes a mistake that names the path. */
class Entry {
  readonly unread: readonly string[];
  readonly #node: unknown;
  readonly #path: string;
  readonly #mistakes: string[];

  constructor(node: unknown, path: string, mistakes: string[]) {
    this.#node = node;
    this.#path = path;
    this.#mistakes = mistakes;
    this.unread = leavesOf(node)
      .filter((leaf) => !READ.has(leaf))
      .map((leaf) => `${path}.${leaf}`);
  }

  mistake(path: string, what: string): void {
    this.#mistakes.push(`${this.#path}.${path}: ${what}`);
  }

  /** The scalar as it stands in the file. */
  text(path: string): string | undefined {
    const node = isMap(this.#node) ? this.#node.getIn(path.split('.'), true) : undefined;
    if (!isScalar(node) || node.value === null || node.value === '') return undefined;
    return node.source;
  }

  /** A value that may stand in the environment. */
  resolve(path: string, env: Environment): string | undefined {
    const text = this.text(path);
    const [, name] = /^os\.environ\/(.+)$/.exec(text ?? '') ?? [];
    if (name === undefined) return text;
    const value = env[name];
    if (value === undefined || value === '') this.mistake(path, `${name} is not set`);
    return value;
  }

  rate(path: string): bigint | undefined {
    const text = this.text(path);
    if (text === undefined) return undefined;
    const rate = readUsdPerToken(text);
    if (rate.kind === 'exact') return rate.value;
    this.mistake(
      path,
      rate.kind === 'invalid'
        ? 'expected US dollars a token, like 0.0000025'
        : 'finer than a pico-dollar (0.000000000001)',
    );
    return undefined;
  }

  count(path: string): number | undefined {
    const text = this.text(path);
    if (text === undefined) return undefined;
    const count = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
    if (count === undefined) this.mistake(path, 'expected a count of tokens');
    return count;
  }
}

function keysOf(map: YAMLMap): string[] {
  return map.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : []));
}

function leavesOf(node: unknown): string[] {
  if (!isMap(node)) return [];
  return keysOf(node).flatMap((key) => {
    const below = node.get(key, true);
    return isMap(below) ? leavesOf(below).map((leaf) => `${key}.${leaf}`) : [key];
  });
}

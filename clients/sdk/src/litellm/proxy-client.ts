import { notOurs, readFailure, unreachable } from '../error.ts';
import { type Send, sendByFetch } from '../send.ts';
import { readProxyUrl } from './proxy-url.ts';

export interface LiteLLMProxyOptions {
  /** Such as `http://litellm:4000`. Redirects are not followed: the key is for this server. */
  readonly proxyUrl: string;
  /** The master key, or a virtual one: what it may not read is refused by the proxy. */
  readonly apiKey: string;
  /** How long a list of models is good for; 300 unless given. */
  readonly cacheTtlSeconds?: number;
  readonly timeoutMs?: number;
  /** By `fetch` unless given. */
  readonly send?: Send;
}

export type Health =
  | { readonly healthy: true; readonly status: number }
  | { readonly healthy: false; readonly error: string };

export interface ProxyModel {
  readonly modelName: string;
  /** `unknown` where the proxy does not say. */
  readonly provider: string;
  readonly maxTokens: number | null;
}

/** What LiteLLM logs of one call; its other fields pass as they are. Spend is in US dollars. */
export interface SpendLog {
  readonly request_id?: string;
  readonly model?: string;
  readonly spend?: number;
  readonly [field: string]: unknown;
}

export interface SpendByModel {
  readonly model: string;
  /** US dollars. */
  readonly spend: number;
}

export interface NewVirtualKey {
  readonly keyAlias?: string;
  /** US dollars. */
  readonly maxBudget?: number;
  /** Such as `30d`. */
  readonly budgetDuration?: string;
  readonly models?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A key as the proxy describes it; its other fields pass as they are. */
export interface VirtualKey {
  /** Only in the answer that makes it. */
  readonly key?: string;
  readonly key_alias?: string | null;
  readonly spend?: number;
  readonly max_budget?: number | null;
  readonly models?: readonly string[];
  readonly [field: string]: unknown;
}

const CACHE_TTL_SECONDS = 300;
const TIMEOUT_MS = 30_000;
/** LiteLLM lists no more at once. */
const KEYS_A_PAGE = 100;

/**
 * What an operator asks a LiteLLM proxy, or Sagewai, which answers the same. Failures are
 * `SagewaiError`s; only `healthCheck` tells them as its answer.
 */
export class LiteLLMProxyClient {
  readonly #base: string;
  readonly #options: LiteLLMProxyOptions;
  #models: { readonly at: number; readonly list: readonly ProxyModel[] } | undefined;

  constructor(options: LiteLLMProxyOptions) {
    this.#base = readProxyUrl(options.proxyUrl).href.replace(/\/+$/, '');
    this.#options = options;
  }

  async healthCheck(): Promise<Health> {
    try {
      const { status } = await this.#send('GET', '/health');
      return status === 200
        ? { healthy: true, status }
        : { healthy: false, error: `the proxy answered ${status}` };
    } catch (error) {
      return { healthy: false, error: (error as Error).message };
    }
  }

  async listModels(): Promise<readonly ProxyModel[]> {
    const ttlMs = (this.#options.cacheTtlSeconds ?? CACHE_TTL_SECONDS) * 1_000;
    const known = this.#models;
    if (known !== undefined && performance.now() - known.at < ttlMs) return known.list;
    const { data } = (await this.#call('GET', '/model/info')) as { data?: readonly ModelInfo[] };
    const list = (data ?? []).map(toModel);
    this.#models = { at: performance.now(), list };
    return list;
  }

  /** The log of calls, as the proxy keeps it. */
  async getSpend(): Promise<readonly SpendLog[]> {
    return (await this.#call('GET', '/spend/logs')) as readonly SpendLog[];
  }

  /** Most first. A proxy that does not group its log is summed up here. */
  async getSpendByModel(): Promise<readonly SpendByModel[]> {
    const rows = (await this.#call('GET', '/spend/logs?group_by=model')) as readonly SpendLog[];
    const sums = new Map<string, number>();
    for (const { model, spend, total_spend: total } of rows) {
      const name = model ?? 'unknown';
      sums.set(name, (sums.get(name) ?? 0) + Number(spend ?? total ?? 0));
    }
    return [...sums]
      .map(([model, spend]) => ({ model, spend }))
      .toSorted((one, other) => other.spend - one.spend);
  }

  /** Of everybody, and the limit that the proxy has, if any. In US dollars. */
  async getGlobalSpend(): Promise<{ readonly spend: number; readonly maxBudget: number | null }> {
    const answer = (await this.#call('GET', '/global/spend')) as {
      spend?: number;
      max_budget?: number;
    };
    return { spend: answer.spend ?? 0, maxBudget: answer.max_budget ?? null };
  }

  async createVirtualKey(wanted: NewVirtualKey = {}): Promise<VirtualKey> {
    const { keyAlias, maxBudget, budgetDuration, models, metadata } = wanted;
    return (await this.#call('POST', '/key/generate', {
      key_alias: keyAlias,
      max_budget: maxBudget,
      budget_duration: budgetDuration,
      models,
      metadata,
    })) as VirtualKey;
  }

  /** All of them, however many pages they are. */
  async listVirtualKeys(): Promise<readonly VirtualKey[]> {
    const found: VirtualKey[] = [];
    for (let page = 1; ; page += 1) {
      const path = `/key/list?return_full_object=true&page=${page}&size=${KEYS_A_PAGE}`;
      const answer = (await this.#call('GET', path)) as KeyPage;
      found.push(...(answer.keys ?? []));
      if (page >= (answer.total_pages ?? 0) || (answer.keys ?? []).length === 0) return found;
    }
  }

  /** By the key itself, or by its token, which the list shows. */
  async deleteVirtualKey(key: string): Promise<void> {
    await this.#call('POST', '/key/delete', { keys: [key] });
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.#send(method, path, body);
    if (answer.status !== 200) throw readFailure(this.#base, answer);
    try {
      return JSON.parse(answer.text) as unknown;
    } catch (error) {
      throw notOurs(this.#base, answer, error);
    }
  }

  async #send(method: string, path: string, body?: object) {
    const { apiKey, send = sendByFetch, timeoutMs = TIMEOUT_MS } = this.#options;
    const request = {
      url: `${this.#base}${path}`,
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    };
    return send(request).catch((error: unknown) => {
      throw unreachable(this.#base, error);
    });
  }
}

interface ModelInfo {
  readonly model_name?: string;
  readonly litellm_params?: {
    readonly custom_llm_provider?: string | null;
    readonly model?: string;
  };
  readonly model_info?: { readonly max_tokens?: number | null };
}

interface KeyPage {
  readonly keys?: readonly VirtualKey[];
  readonly total_pages?: number;
}

const toModel = ({ model_name, litellm_params, model_info }: ModelInfo): ProxyModel => ({
  modelName: model_name ?? '',
  provider: litellm_params?.custom_llm_provider ?? 'unknown',
  maxTokens: model_info?.max_tokens ?? null,
});

import type { InferenceOverrides } from '@sagewai/sdk';

import type { ProviderCredentials } from '../worker-options.ts';

/** Who answers a model call: the server's gateway, or a provider by the worker's own credential. */
export type ModelRoute =
  | { readonly kind: 'gateway' }
  | {
      readonly kind: 'direct';
      /** `openai`, `anthropic`, `ollama`, or another that speaks OpenAI's format. */
      readonly provider: string;
      readonly baseUrl: string;
      readonly apiKey: string;
      /** As the provider spells it. */
      readonly model: string;
      /** As it is priced: with its provider where the name alone does not tell it. */
      readonly pricedAs: string;
    };

const GATEWAY = { kind: 'gateway' } as const;
const KNOWN: ReadonlySet<string> = new Set(['openai', 'anthropic', 'ollama']);
const DEFAULT_BASES: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
};

/**
 * A prefix names its provider. Without one, the families that only one provider serves go there when
 * the worker has a credential for it; everything else is the gateway's to decide. What the worker's
 * credentials say of inference goes before the model's name.
 */
export function chooseRoute(
  model: string,
  credentials: ProviderCredentials,
  overrides: InferenceOverrides = {},
): ModelRoute {
  const { prefix, rest } = split(model);
  const family = prefix || familyOf(rest.toLowerCase());
  const { api_base: base, api_key: key, custom_llm_provider: custom } = overrides;
  if (base !== undefined || custom !== undefined || (key !== undefined && family !== '')) {
    return overridden({ prefix, rest, family }, credentials, overrides);
  }
  if (family === 'ollama' || family === 'openai' || family === 'anthropic') {
    const own = ownOf(family, credentials);
    if (own) return { kind: 'direct', provider: family, model: rest, pricedAs: model, ...own };
  }
  return GATEWAY;
}

function overridden(
  { prefix, rest, family }: { prefix: string; rest: string; family: string },
  credentials: ProviderCredentials,
  { api_base: base, api_key: key, custom_llm_provider: custom }: InferenceOverrides,
): ModelRoute {
  // An address without a provider's name is taken to speak OpenAI's format.
  const named = base === undefined || KNOWN.has(family) ? family : 'openai';
  const provider = (custom ?? named).toLowerCase();
  const own = ownOf(provider, credentials);
  const baseUrl = base?.replace(/\/+$/, '') ?? own?.baseUrl ?? DEFAULT_BASES[provider];
  if (baseUrl === undefined) return GATEWAY;
  // A key is for the host it was given for: the environment's never goes to another address.
  const apiKey = key ?? (base === undefined || base === own?.baseUrl ? (own?.apiKey ?? '') : '');
  const isOwnPrefix = prefix === provider;
  const model = prefix === '' || isOwnPrefix ? rest : `${prefix}/${rest}`;
  return { kind: 'direct', provider, baseUrl, apiKey, model, pricedAs: `${provider}/${model}` };
}

function ownOf(provider: string, credentials: ProviderCredentials) {
  if (provider === 'ollama') return { apiKey: '', ...credentials.ollama };
  if (provider === 'openai' || provider === 'anthropic') return credentials[provider];
  return null;
}

function split(model: string): { prefix: string; rest: string } {
  const slash = model.indexOf('/');
  if (slash <= 0) return { prefix: '', rest: model };
  return { prefix: model.slice(0, slash).toLowerCase(), rest: model.slice(slash + 1) };
}

function familyOf(bare: string): string {
  if (/^(gpt-|o\d|chatgpt-)/.test(bare)) return 'openai';
  return bare.startsWith('claude') ? 'anthropic' : '';
}

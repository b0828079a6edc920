import type { ProviderCredentials } from '../worker-options.ts';

/** Who answers a model call: the server's gateway, or a provider by the worker's own credential. */
export type ModelRoute =
  | { readonly kind: 'gateway' }
  | {
      readonly kind: 'direct';
      readonly provider: 'openai' | 'anthropic' | 'ollama';
      readonly baseUrl: string;
      readonly apiKey: string;
      /** As the provider spells it. */
      readonly model: string;
    };

const GATEWAY = { kind: 'gateway' } as const;

/**
 * A prefix names its provider. Without one, the families that only one provider serves go there when
 * the worker has a credential for it; everything else is the gateway's to decide.
 */
export function chooseRoute(model: string, credentials: ProviderCredentials): ModelRoute {
  const slash = model.indexOf('/');
  const prefix = slash > 0 ? model.slice(0, slash).toLowerCase() : '';
  const rest = slash > 0 ? model.slice(slash + 1) : model;
  if (prefix === 'ollama') {
    return { kind: 'direct', provider: 'ollama', apiKey: '', model: rest, ...credentials.ollama };
  }
  const bare = rest.toLowerCase();
  const family =
    prefix ||
    (/^(gpt-|o\d|chatgpt-)/.test(bare) ? 'openai' : bare.startsWith('claude') ? 'anthropic' : '');
  if (family === 'openai' && credentials.openai) {
    return { kind: 'direct', provider: 'openai', model: rest, ...credentials.openai };
  }
  if (family === 'anthropic' && credentials.anthropic) {
    return { kind: 'direct', provider: 'anthropic', model: rest, ...credentials.anthropic };
  }
  return GATEWAY;
}

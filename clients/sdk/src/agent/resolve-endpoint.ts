import { readProxyUrl } from '../litellm/proxy-url.ts';
import type { WorkerCredentials } from '../worker-credentials.ts';
import type {
  GatewayAddress,
  InferenceConfig,
  InferenceOverride,
  ModelEndpoint,
  WireFormat,
} from './inference.ts';

export interface Surroundings {
  readonly call?: InferenceOverride;
  readonly config: InferenceConfig;
  readonly credentials: WorkerCredentials;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly gateway: GatewayAddress | null;
}

/** Nothing around the agent says whom to call. */
export class NoEndpoint extends Error {
  override readonly name = 'NoEndpoint';
}

interface Level {
  readonly base?: string | undefined;
  readonly key?: string | undefined;
  readonly provider?: string | undefined;
}

const PROVIDERS: Readonly<
  Record<string, { format: WireFormat; base: string; keys: readonly string[] }>
> = {
  openai: { format: 'openai', base: 'https://api.openai.com', keys: ['OPENAI_API_KEY'] },
  anthropic: {
    format: 'anthropic',
    base: 'https://api.anthropic.com',
    keys: ['ANTHROPIC_API_KEY'],
  },
  gemini: {
    format: 'gemini',
    base: 'https://generativelanguage.googleapis.com',
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  },
  ollama: { format: 'openai', base: 'http://localhost:11434', keys: [] },
};

/**
 * Whom an agent's model call goes to: what the call and the agent's configuration say, else the worker's
 * credentials, else the environment, else our gateway. The first that names an address or a key decides. A key
 * is for the address that it was given with or by: one of a later level never goes to an earlier one's address.
 */
export function resolveEndpoint(around: Surroundings): ModelEndpoint {
  const { call = {}, config, credentials, gateway } = around;
  const model = modelOf(around);
  const { prefix, rest } = split(model);
  const family = prefix === '' ? familyOf(rest) : prefix;
  const { inference_overrides: given = {} } = credentials;
  const environment = { ...around.environment, ...credentials.env_overrides };
  const proxy = environment['LITELLM_PROXY_URL'];
  const levels: Level[] = [
    ownLevel(call, config),
    { base: given.api_base, key: given.api_key, provider: given.custom_llm_provider },
  ];
  const level = levels.find(({ base, key }) => base || (key && family in PROVIDERS));
  if (level) return endpointOf(level, { model, prefix, rest, family });
  // A program may bring its key for a proxy that the machine names.
  const key = levels.find((one) => one.key)?.key;
  if (proxy) {
    return asIs(proxy, key ?? environment['LITELLM_API_KEY'] ?? '', { model, isGateway: false });
  }
  const own = ofEnvironment(family, environment);
  if (own) return endpointOf(own, { model, prefix, rest, family });
  if (gateway) return asIs(gateway.url, gateway.token, { model, isGateway: true });
  throw new NoEndpoint(
    `nothing says who answers for ${model}: name apiBase, set LITELLM_PROXY_URL or a provider's key, or give a gateway`,
  );
}

/** `default` replaces the agent's model, unless the call names one; any other name replaces that model. */
export function modelOf({
  call = {},
  config,
  credentials,
}: Pick<Surroundings, 'call' | 'config' | 'credentials'>): string {
  const asked = call.model ?? config.model;
  const overrides = credentials.model_overrides ?? {};
  const named = asked !== 'default' && Object.hasOwn(overrides, asked) ? overrides[asked] : null;
  return named ?? (call.model === undefined ? overrides['default'] : undefined) ?? asked;
}

/** The call's words over the configuration's; a key of the one does not go to an address of the other's making. */
function ownLevel(call: InferenceOverride, config: InferenceConfig): Level {
  const base = call.apiBase ?? config.apiBase;
  const isSameAddress = call.apiBase === undefined || call.apiBase === config.apiBase;
  const key = call.apiKey ?? (isSameAddress ? config.apiKey : undefined);
  return { base, key, provider: call.provider ?? config.provider };
}

interface Named {
  readonly model: string;
  readonly prefix: string;
  readonly rest: string;
  readonly family: string;
}

function endpointOf(level: Level, { model, prefix, rest, family }: Named): ModelEndpoint {
  // A bare name at an address of somebody's own is that somebody's alias, in the format that all speak.
  const provider = (level.provider ?? (level.base ? prefix : family)).toLowerCase();
  const known = PROVIDERS[provider];
  const base = level.base ?? known?.base ?? '';
  const format = known?.format ?? 'openai';
  const name = known !== undefined && prefix === provider ? rest : model;
  return {
    format,
    url: urlOf(format, base, name),
    apiKey: level.key ?? '',
    model: name,
    isGateway: false,
    isNamed: level.base !== undefined,
  };
}

const asIs = (
  base: string,
  apiKey: string,
  { model, isGateway }: { model: string; isGateway: boolean },
): ModelEndpoint => ({
  format: 'openai',
  url: urlOf('openai', base, model),
  apiKey,
  model,
  isGateway,
  isNamed: true,
});

function urlOf(format: WireFormat, base: string, model: string): string {
  const url = readProxyUrl(base);
  const path = url.pathname.replace(/\/+$/, '');
  const root = `${url.origin}${path}`;
  if (format === 'openai') return `${root}${path === '' ? '/v1' : ''}/chat/completions`;
  if (format === 'anthropic') return `${root.replace(/\/v1$/, '')}/v1/messages`;
  return `${root.replace(/\/v1(beta)?$/, '')}/v1beta/models/${encodeURIComponent(model)}`;
}

function ofEnvironment(family: string, environment: Surroundings['environment']): Level | null {
  const known = PROVIDERS[family];
  if (!known) return null;
  if (family === 'ollama') {
    const host = environment['OLLAMA_HOST'];
    return { base: host && (/^https?:/.test(host) ? host : `http://${host}`), provider: family };
  }
  const key = known.keys.map((name) => environment[name]).find(Boolean);
  const base = environment[`${family.toUpperCase()}_BASE_URL`];
  return key ? { base: base || undefined, key, provider: family } : null;
}

function split(model: string): { prefix: string; rest: string } {
  const slash = model.indexOf('/');
  const prefix = model.slice(0, Math.max(slash, 0)).toLowerCase();
  return prefix in PROVIDERS
    ? { prefix, rest: model.slice(slash + 1) }
    : { prefix: '', rest: model };
}

function familyOf(bare: string): string {
  const name = bare.toLowerCase();
  if (/^(gpt-|o\d|chatgpt-)/.test(name)) return 'openai';
  if (name.startsWith('claude')) return 'anthropic';
  return name.startsWith('gemini') ? 'gemini' : '';
}

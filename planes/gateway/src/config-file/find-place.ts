import { Secret } from '@sagewai/config';

import type { Endpoint } from '../models/deployment.ts';
import { PREFIXES, prefixOfName, type ProviderName, traitsOf } from '../providers/provider.ts';
import { findBedrockPlace } from './find-bedrock-place.ts';
import { findEntra } from './find-entra.ts';
import { findValue } from './find-value.ts';
import { findVertexPlace } from './find-vertex-place.ts';
import { leaveOut } from './leave-out.ts';
import type { Section } from './section.ts';

/** Where a deployment is reached, and the name that its model has there. */
export type FoundPlace =
  | { readonly kind: 'found'; readonly endpoint: Endpoint; readonly upstreamModel: string }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'refused' };

/** As LiteLLM marks a model of OpenAI's that is served by Responses alone: `openai/responses/o3-pro`. */
const OVER_RESPONSES = /^responses\//;

const REFUSED = { kind: 'refused' } as const;
const NO_CLIENT = { kind: 'none' } as const;

export function findPlace(entry: Section, named: string): FoundPlace {
  const apiBase = findValue(entry, ['litellm_params.api_base', 'litellm_params.base_url']);
  const key = findValue(entry, ['litellm_params.api_key']);
  const said = entry.text('litellm_params.custom_llm_provider');
  const slash = said === undefined ? named.indexOf('/') : -1;
  const prefix = said ?? (slash === -1 ? prefixOfName(named) : named.slice(0, slash));
  const known = prefix === undefined ? undefined : PREFIXES.get(prefix);
  // What is not set is a mistake of nobody.
  const base = apiBase.kind === 'unset' ? 'http://unset' : apiBase.value;
  if (known === undefined && (said !== undefined || slash !== -1 || base === undefined)) {
    const what =
      prefix === undefined
        ? 'which provider has it is not clear: put a prefix before the name'
        : 'unknown provider';
    const path = said === undefined ? 'model' : 'custom_llm_provider';
    const told = `${what}; known are ${[...PREFIXES.keys()].join(', ')}`;
    if (prefix !== undefined) return leaveOut(entry, `litellm_params.${path}`, told);
    entry.mistake(`litellm_params.${path}`, told);
    return REFUSED;
  }
  const isOpenai = known === undefined || known.provider === 'openai';
  const rest = named.slice(slash + 1);
  const upstreamModel = isOpenai ? rest.replace(OVER_RESPONSES, '') : rest;
  if (known?.provider === 'vertex') return findVertexPlace(entry, upstreamModel, apiBase);
  if (known?.provider === 'bedrock')
    return findBedrockPlace(entry, upstreamModel, { apiBase, key });
  const speaksResponses =
    isOpenai && (rest !== upstreamModel || entry.text('model_info.mode') === 'responses');
  const provider = speaksResponses ? 'openai-responses' : providerAt(known?.provider, base);
  if (base === undefined && known?.baseUrl === undefined)
    return leaveOut(entry, 'litellm_params.api_base', 'no address of this provider');
  const baseUrl = checkUrl(entry, base ?? known?.baseUrl);
  if (baseUrl === undefined) return REFUSED;
  const place = provider === 'azure' ? azureBase(entry, baseUrl, upstreamModel) : baseUrl;
  if (apiBase.kind === 'unset' || key.kind === 'unset' || place === undefined)
    return { kind: 'disabled' };
  const entra =
    provider === 'azure' ? findEntra(entry, { mayLook: key.value === undefined }) : NO_CLIENT;
  if (entra.kind === 'disabled' || entra.kind === 'refused') return entra;
  if (entra.kind === 'found') {
    const { client: authorization } = entra;
    const endpoint = { provider, baseUrl: place, credential: authorization.secret, authorization };
    return { kind: 'found', upstreamModel, endpoint };
  }
  return {
    kind: 'found',
    upstreamModel,
    endpoint: {
      provider,
      baseUrl: withVersion(place, traitsOf(provider).addsVersion),
      credential: key.value === undefined ? null : new Secret(key.value),
    },
  };
}

/** Whose format is spoken at an address of one's own. */
function providerAt(known: ProviderName | undefined, apiBase: string | undefined): ProviderName {
  if (known === undefined || (known === 'openai' && apiBase !== undefined)) return 'compatible';
  const isCompatible = known === 'gemini' && /\/openai\/*$/.test(apiBase ?? '');
  return isCompatible ? 'gemini-compatible' : known;
}

/** Undefined: it is none, and that is told. */
function checkUrl(entry: Section, baseUrl: string | undefined): string | undefined {
  if (baseUrl !== undefined && /^https?:\/\/[^/\s]/.test(baseUrl) && URL.canParse(baseUrl))
    return baseUrl;
  const what = 'expected a URL that starts with http:// or https://';
  entry.mistake('litellm_params.api_base', what);
  return undefined;
}

/** The newest of those with a date that is not a preview. */
const AZURE_VERSION = '2024-10-21';

/**
 * Azure has two interfaces: one without dates, where the model stands in the body, and one with a version
 * in each URL, where a deployment has a path of its own.
 */
function azureBase(entry: Section, apiBase: string, deployment: string): string | undefined {
  const found = findValue(entry, ['litellm_params.api_version']);
  if (found.kind === 'unset') return undefined;
  const bare = apiBase.replace(/[?#].*$/, '').replace(/\/+$/, '');
  const version = found.value ?? (bare.endsWith('/openai/v1') ? 'v1' : AZURE_VERSION);
  const resource = bare.replace(/\/openai(?:\/v1|\/deployments\/[^/]+)?$/, '');
  if (version === 'v1' || version === 'latest') return `${resource}/openai/v1`;
  const query = `?api-version=${encodeURIComponent(version)}`;
  if (version === 'preview') return `${resource}/openai/v1${query}`;
  return `${resource}/openai/deployments/${encodeURIComponent(deployment)}${query}`;
}

/** The bases of Ollama and of Anthropic are mostly named without it. */
export function withVersion(baseUrl: string, addsVersion: boolean): string {
  const bare = baseUrl.replace(/\/+$/, '');
  return addsVersion && !bare.endsWith('/v1') ? `${bare}/v1` : bare;
}

import { type Config, field } from '@sagewai/config';

import { cacheFields, cacheOf } from './cache/cache-settings.ts';
import { bodyFields, bodySettingsOf, type BodySettings } from './call-bodies/body-settings.ts';
import { callFields } from './calls/call-settings.ts';
import {
  type FileOfModels,
  type LitellmConfig,
  readLitellmConfig,
} from './config-file/read-litellm-config.ts';
import { type Notice, noticeText } from './config-file/section.ts';
import { keepMasterKey, type MasterKey, masterKeyFields } from './litellm/master-key.ts';
import { mediaFields, type MediaSettings, readMediaSettings } from './media/media-settings.ts';
import type { Source } from './models/catalogue.ts';
import { addressesOf, type Deployment } from './models/deployment.ts';
import { ANTHROPIC_URL, OPENAI_URL, readSources } from './providers/read-sources.ts';
import type { SimulatedPace } from './providers/simulated.ts';
import { rotationFields, rotationOf } from './rotation/rotation-settings.ts';
import { type RotationSettings } from './rotation/rotation.ts';
import { routingOf } from './routing/routing-settings.ts';
import type { Routing } from './routing/routing.ts';

const web = { schemes: ['http', 'https'] } as const;

/** What a process that serves model calls reads from its configuration. */
export const gatewayFields = {
  OPENAI_API_KEY: field.secret({
    description: 'Key of OpenAI, or of a server that speaks its format.',
    default: null,
  }),
  OPENAI_BASE_URL: field.url({
    ...web,
    description: `Base URL of that server, with its version; ${OPENAI_URL} when there is only a key.`,
    default: null,
  }),
  OPENAI_MODELS: field.list({
    description: 'Models to offer from there; all that it lists when empty.',
    default: [],
  }),
  ANTHROPIC_API_KEY: field.secret({ description: 'Key of Anthropic.', default: null }),
  ANTHROPIC_BASE_URL: field.url({
    ...web,
    description: 'Its base URL, or one of a server that speaks its format; with or without /v1.',
    default: ANTHROPIC_URL,
  }),
  OLLAMA_HOST: field.url({
    ...web,
    defaultScheme: 'http',
    description: 'Address of an Ollama server, with or without http://.',
    default: null,
  }),
  LITELLM_PROXY_URL: field.url({
    ...web,
    description: 'Address of a LiteLLM proxy.',
    default: null,
  }),
  LITELLM_API_KEY: field.secret({ description: 'Key of that proxy.', default: null }),
  ...masterKeyFields,
  UNKNOWN_PRICE: field.oneOf(['refuse', 'allow'], {
    description:
      'What happens to a call whose price nobody knows; an allowed one costs nothing and is marked.',
    default: 'refuse',
  }),
  SIMULATED_PROVIDER: field.boolean({
    description: 'Whether the built-in simulated models are offered.',
    default: true,
  }),
  SIMULATED_FIRST_TOKEN: field.duration({
    description: 'How long a simulated model thinks.',
    default: 0,
    min: 0,
  }),
  SIMULATED_PER_TOKEN: field.duration({
    description: 'How long it takes for each token.',
    default: 0,
    min: 0,
  }),
  UPSTREAM_CONNECT_TIMEOUT: field.duration({
    description: 'For a connection to a provider.',
    default: 10_000,
    min: 1,
  }),
  UPSTREAM_FIRST_BYTE_TIMEOUT: field.duration({
    description: 'For a provider to begin its answer.',
    default: 600_000,
    min: 1,
  }),
  UPSTREAM_IDLE_TIMEOUT: field.duration({
    description: 'For the next piece of an answer that has begun.',
    default: 120_000,
    min: 1,
  }),
  CLIENT_STALL_TIMEOUT: field.duration({
    description: 'For a client that has stopped to read its stream.',
    default: 120_000,
    min: 1,
  }),
  STREAM_BEAT: field.duration({
    description:
      'For how long the pieces of a stream are gathered that follow one that was just sent; 0: never.',
    default: 0,
    min: 0,
    max: 1_000,
  }),
  DEPLOYMENT_COOLDOWN: field.duration({
    description:
      'For how long a deployment that fails is passed over when there is another; the models file may say otherwise.',
    default: 5_000,
    min: 0,
  }),
  MODEL_RETRY_BACKOFF: field.duration({
    description:
      'Before a deployment that failed gets the same call again, if there is no other; doubles each time.',
    default: 500,
    min: 1,
  }),
  MODEL_RETRY_WAIT_MAX: field.duration({
    description: 'The longest such wait. A provider that asks for a longer one is not waited for.',
    default: 8_000,
    min: 1,
  }),
  ...callFields,
  STORED_MODELS_INTERVAL: field.duration({
    description: 'How often a server looks for deployments that another was told of.',
    default: 5_000,
    min: 50,
  }),
  MODELS_REFRESH: field.duration({
    description: 'How often providers are asked which models they have.',
    default: 60_000,
    min: 1_000,
  }),
  RESERVATION_TTL: field.duration({
    description:
      'After which a call that nobody settled counts as spent; a later settlement corrects it.',
    default: 1_800_000,
    min: 1_000,
    max: 86_400_000,
  }),
  ...mediaFields,
  ANSWER_BYTES_MAX: field.integer({
    description: 'The longest answer, or event of a stream, that is taken from a provider.',
    default: 33_554_432,
    min: 1_024,
  }),
  ...cacheFields,
  ...rotationFields,
  ...bodyFields,
} as const;

export type GatewaySettings = Config<typeof gatewayFields>;

/** Everything that the gateway is told; nothing in it is optional. */
export interface GatewayConfig {
  readonly deployments: readonly Deployment[];
  readonly sources: readonly Source[];
  readonly simulated: SimulatedPace | null;
  readonly unknownPrice: 'refuse' | 'allow';
  readonly timeouts: {
    readonly connectMs: number;
    readonly firstByteMs: number;
    readonly idleMs: number;
    readonly clientStallMs: number;
  };
  readonly streamBeatMs: number;
  readonly reservationTtlMs: number;
  readonly routing: Routing;
  /** An administrator's bearer on the surfaces of LiteLLM. */
  readonly masterKey: MasterKey | null;
  /** How often deployments are asked whether they are well; null: never. */
  readonly healthCheckMs: number | null;
  /** Which calls leave a record of how they were routed. */
  readonly routingDecisions: 'choices' | 'all';
  /** Who is told at which address a provider could not be reached. */
  readonly providerAddresses: 'local' | 'everyone' | 'nobody';
  readonly tokenCountsPerMinute: number;
  /** Of how much sealed thinking it is remembered which account made it; 0: of none. */
  readonly reasoningAffinityMax: number;
  readonly refreshMs: number;
  /** How often deployments that were added while servers run are looked for. */
  readonly storedModelsMs: number;
  readonly answerBytesMax: number;
  /** Which answers are kept for the same request of the same project; none by default. */
  readonly cache: ReturnType<typeof cacheOf>;
  readonly keyRotation: RotationSettings;
  readonly callBodies: BodySettings;
  readonly media: MediaSettings;
  readonly guardrails: LitellmConfig['guardrails'];
}

export type ReadGatewayConfig =
  | { readonly kind: 'read'; readonly config: GatewayConfig; readonly notices: readonly Notice[] }
  | { readonly kind: 'refused'; readonly mistakes: readonly string[] };

/**
 * The gateway's configuration of a process's settings and, if there is one, the text of its
 * `litellm-config.yaml`. `env` is where that file's `os.environ/…` point.
 */
export function readGatewayConfig(
  settings: GatewaySettings,
  file: FileOfModels | null,
  now: Date,
): ReadGatewayConfig {
  const routing = routingOf(settings);
  const cache = cacheOf(settings);
  const listed = file && readLitellmConfig(file.text, { ...file, at: now, routing, cache });
  if (listed?.kind === 'refused') {
    return { kind: 'refused', mistakes: listed.mistakes.map(noticeText) };
  }
  const config: GatewayConfig = {
    deployments: listed?.deployments ?? [],
    sources: readSources(settings),
    simulated: settings.simulatedProvider
      ? { firstTokenMs: settings.simulatedFirstTokenMs, perTokenMs: settings.simulatedPerTokenMs }
      : null,
    unknownPrice: settings.unknownPrice,
    timeouts: {
      connectMs: settings.upstreamConnectTimeoutMs,
      firstByteMs: settings.upstreamFirstByteTimeoutMs,
      idleMs: settings.upstreamIdleTimeoutMs,
      clientStallMs: settings.clientStallTimeoutMs,
    },
    streamBeatMs: settings.streamBeatMs,
    reservationTtlMs: settings.reservationTtlMs,
    routing: listed?.routing ?? routing,
    masterKey: keepMasterKey(
      settings.litellmMasterKey ?? listed?.masterKey ?? null,
      settings.masterKeyCallsModels,
    ),
    healthCheckMs: listed?.healthCheckMs ?? null,
    routingDecisions: settings.routingDecisions,
    providerAddresses: settings.providerAddresses,
    tokenCountsPerMinute: settings.tokenCountsPerMinute,
    reasoningAffinityMax: settings.reasoningAffinityMax,
    refreshMs: settings.modelsRefreshMs,
    storedModelsMs: settings.storedModelsIntervalMs,
    answerBytesMax: settings.answerBytesMax,
    cache: listed?.cache ?? cache,
    keyRotation: rotationOf(settings),
    callBodies: bodySettingsOf(settings),
    media: readMediaSettings(settings),
    guardrails: listed?.guardrails ?? [],
  };
  return { kind: 'read', config, notices: listed?.notices ?? [] };
}

/** The URLs that the operator has named by naming providers and webhooks: what egress must let through. */
export function upstreamUrls({
  deployments,
  sources,
  guardrails = [],
}: Pick<GatewayConfig, 'deployments' | 'sources'> &
  Partial<Pick<GatewayConfig, 'guardrails'>>): string[] {
  const providers = [...deployments, ...sources].flatMap(({ endpoint }) => addressesOf(endpoint));
  return [...new Set([...providers, ...guardrails.flatMap(({ hook }) => hook?.url ?? [])])];
}

import { AUDIO_FORMATS } from '../media/audio.ts';
import { IMAGE_FORMATS } from '../media/images.ts';
import type { Deployment } from '../models/deployment.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { PROVIDERS, type ProviderName, traitsOf } from '../providers/provider.ts';
import { BEDROCK_EMBEDDINGS, EMBEDDINGS_OVER_BEDROCK } from './bedrock-embeddings.ts';
import { CHAT_OVER_GEMINI } from './chat-over-gemini.ts';
import { CHAT_OVER_MESSAGES } from './chat-over-messages.ts';
import { CHAT_OVER_RESPONSES } from './chat-over-responses.ts';
import { CHAT } from './chat.ts';
import { COMPLETIONS_OVER_CHAT } from './completions-over-chat.ts';
import { COMPLETIONS } from './completions.ts';
import { CHAT_OVER_CONVERSE, CONVERSE } from './converse.ts';
import { compose, type Crossing } from './crossing.ts';
import { EMBEDDINGS } from './embeddings.ts';
import type { Format, FormatName } from './format.ts';
import { EMBEDDINGS_OVER_GEMINI, GEMINI_EMBED, GEMINI_EMBEDDINGS } from './gemini-embeddings.ts';
import { GEMINI } from './gemini.ts';
import { MESSAGES_OVER_CHAT } from './messages-over-chat.ts';
import { MESSAGES } from './messages.ts';
import { MIXED_OVER_CHAT } from './mixed-over-chat.ts';
import { MIXED } from './mixed.ts';
import { MODERATIONS } from './moderations.ts';
import { OLLAMA_CHAT_OVER_CHAT, OLLAMA_GENERATE_OVER_CHAT } from './ollama-over-chat.ts';
import { OLLAMA_EMBED_OVER_EMBEDDINGS } from './ollama-over-embeddings.ts';
import { OLLAMA_CHAT, OLLAMA_EMBED, OLLAMA_GENERATE } from './ollama.ts';
import { RERANK } from './rerank.ts';
import { RESPONSES_OVER_CHAT } from './responses-over-chat.ts';
import { RESPONSES } from './responses.ts';
import { EMBEDDINGS_OVER_VERTEX, VERTEX_EMBEDDINGS } from './vertex-embeddings.ts';
import { CHAT_OVER_VERTEX, VERTEX_MESSAGES } from './vertex-messages.ts';

const FORMATS: Readonly<Record<FormatName, Format>> = {
  chat: CHAT,
  messages: MESSAGES,
  responses: RESPONSES,
  completions: COMPLETIONS,
  embeddings: EMBEDDINGS,
  moderations: MODERATIONS,
  rerank: RERANK,
  gemini: GEMINI,
  'gemini-embeddings': GEMINI_EMBEDDINGS,
  'gemini-embed': GEMINI_EMBED,
  'vertex-embeddings': VERTEX_EMBEDDINGS,
  'bedrock-embeddings': BEDROCK_EMBEDDINGS,
  'vertex-messages': VERTEX_MESSAGES,
  converse: CONVERSE,
  'ollama-chat': OLLAMA_CHAT,
  'ollama-generate': OLLAMA_GENERATE,
  'ollama-embed': OLLAMA_EMBED,
  mixed: MIXED,
  ...IMAGE_FORMATS,
  ...AUDIO_FORMATS,
};

/** One for each format that is not chat, to chat; and from chat to each that a provider speaks alone. */
const CROSSINGS: readonly Crossing[] = [
  CHAT_OVER_MESSAGES,
  CHAT_OVER_GEMINI,
  CHAT_OVER_VERTEX,
  CHAT_OVER_CONVERSE,
  EMBEDDINGS_OVER_GEMINI,
  EMBEDDINGS_OVER_VERTEX,
  EMBEDDINGS_OVER_BEDROCK,
  CHAT_OVER_RESPONSES,
  MESSAGES_OVER_CHAT,
  RESPONSES_OVER_CHAT,
  COMPLETIONS_OVER_CHAT,
  OLLAMA_CHAT_OVER_CHAT,
  OLLAMA_GENERATE_OVER_CHAT,
  OLLAMA_EMBED_OVER_EMBEDDINGS,
  MIXED_OVER_CHAT,
];

/** How a client's format reaches a provider. */
export interface Bridge {
  /** What is spoken to the provider; the client's own wherever the provider knows it (M5). */
  readonly upstream: Format;
  /** Null: it is the client's own, and the bytes pass. */
  readonly crossing: Crossing | null;
}

type Bridges = Readonly<Partial<Record<ProviderName, Bridge>>>;

const BRIDGES = Object.fromEntries(
  (Object.keys(FORMATS) as FormatName[]).map((client) => [client, bridgesOf(client)]),
) as Readonly<Record<FormatName, Bridges>>;

function bridgesOf(client: FormatName): Bridges {
  const bridges: Partial<Record<ProviderName, Bridge>> = {};
  for (const provider of Object.keys(PROVIDERS) as ProviderName[]) {
    const bridge = findBridge(client, traitsOf(provider).formats);
    if (bridge !== undefined) bridges[provider] = bridge;
  }
  return bridges;
}

function findBridge(client: FormatName, spoken: readonly FormatName[]): Bridge | undefined {
  if (spoken.includes(client)) return { upstream: FORMATS[client], crossing: null };
  const variant = spoken.find((name) => FORMATS[name].variantOf === client);
  if (variant !== undefined) return { upstream: FORMATS[variant], crossing: null };
  const from = (name: FormatName): readonly Crossing[] =>
    CROSSINGS.filter((each) => each.client === name);
  const crossing =
    from(client).find(({ upstream }) => spoken.includes(upstream)) ??
    from(client)
      .filter(({ upstream }) => upstream === 'chat')
      .flatMap((near) => from('chat').map((far) => compose(near, far)))
      .find(({ upstream }) => spoken.includes(upstream));
  return crossing && { upstream: FORMATS[crossing.upstream], crossing };
}

/** `undefined` where nothing leads from the one to the other. */
export function bridgeTo({ endpoint }: Deployment, client: FormatName): Bridge | undefined {
  return BRIDGES[client][endpoint.provider];
}

/** The deployments of a model that a client of a format can be served by. */
export interface Reach {
  /** The same group where that is all of them. */
  readonly group: ModelGroup;
  /** Those that speak another format. */
  readonly crossed: readonly Deployment[];
}

const known = new WeakMap<ModelGroup, Partial<Record<FormatName, Reach>>>();

/** Found out once a group. */
export function reachOf(group: ModelGroup, client: FormatName): Reach {
  let of = known.get(group);
  if (of === undefined) known.set(group, (of = {}));
  return (of[client] ??= {
    group: withDeployments(group, (each) => bridgeTo(each, client) !== undefined),
    crossed: group.deployments.filter((each) => bridgeTo(each, client)?.crossing),
  });
}

/** The group without some of its deployments; its bounds hold for what is left. */
export function withDeployments(
  group: ModelGroup,
  keeps: (deployment: Deployment) => boolean,
): ModelGroup {
  const deployments = group.deployments.filter(keeps);
  return deployments.length === group.deployments.length ? group : { ...group, deployments };
}

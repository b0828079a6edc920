import { Fault } from '@sagewai/fault';
import { implementStream, type Route, type StreamInput } from '@sagewai/http';
import type { JsonObject } from '@sagewai/translate';
import * as wire from '@sagewai/wire';

import type { Forward } from '../calls/forward.ts';
import { CHAT } from '../formats/chat.ts';
import { CONVERSE } from '../formats/converse.ts';
import { EMBEDDINGS } from '../formats/embeddings.ts';
import type { Format } from '../formats/format.ts';
import { GEMINI_EMBED, GEMINI_EMBEDDINGS } from '../formats/gemini-embeddings.ts';
import { GEMINI } from '../formats/gemini.ts';
import { MESSAGES } from '../formats/messages.ts';
import { VERTEX_MESSAGES } from '../formats/vertex-messages.ts';
import { keepResponse } from '../kept-responses/keep-response.ts';
import type { ResponseKeys } from '../kept-responses/response-id.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ProviderName } from '../providers/provider.ts';
import { checkBuckets } from './check-buckets.ts';
import { checkGemini, mistaken } from './check-gemini.ts';
import { modelAt } from './model-at.ts';
import { nameModel } from './name-model.ts';

const OWN_HEAD = { hasOwnHead: true };

/** A format as these providers speak it, and no other that would be translated to. */
function at(format: Format, ...providers: readonly ProviderName[]): OneProvider {
  return { ...format, providers: new Set(providers) };
}

type OneProvider = Format & { readonly providers: ReadonlySet<ProviderName> };

const OPENAI = ['openai', 'compatible'] as const;
const GEMINI_AT_GOOGLE = at(GEMINI, 'gemini');
const EMBEDDINGS_AT_GOOGLE = new Map([
  ['embedContent', at(GEMINI_EMBED, 'gemini')],
  ['batchEmbedContents', at(GEMINI_EMBEDDINGS, 'gemini')],
]);
const GEMINI_AT_VERTEX = at(GEMINI, 'vertex');
const CLAUDE_AT_VERTEX = at(VERTEX_MESSAGES, 'vertex-claude');
const CONVERSE_AT_BEDROCK = at(CONVERSE, 'bedrock');
const AZURE_CHAT = at(CHAT, 'azure');
const AZURE_EMBEDDINGS = at(EMBEDDINGS, 'azure');

/**
 * Providers' own clients, with our keys: each path is metered, reserved for and settled as any call of its
 * format, goes to a deployment of that provider, and arrives with the deployment's credential and path.
 */
export function passRoutes(of: {
  readonly forward: Forward;
  readonly catalogue: Pick<Catalogue, 'all' | 'find'>;
  readonly responseKeys: ResponseKeys;
}): Route[] {
  const pass = async (input: StreamInput, format: OneProvider, said: Said): Promise<void> => {
    const { catalogue } = of;
    const model = await modelAt(said.model, format.providers, { catalogue, by: input.caller });
    const given = input.body as JsonObject;
    const stream = said.wantsStream === undefined ? {} : { stream: said.wantsStream };
    await of.forward({ ...input, body: { ...given, model, ...stream } }, format);
  };
  const plain = (format: OneProvider) => (input: StreamInput) => {
    const body = input.body as JsonObject & { readonly model: string };
    checkMessages(format, body);
    return pass(input, format, { model: body.model });
  };
  const response =
    (...providers: readonly ProviderName[]) =>
    (given: StreamInput) => {
      const { input, format } = keepResponse(given, of.responseKeys);
      const { model } = input.body as { readonly model: string };
      return pass(input, at(format, ...providers), { model });
    };
  /** The model stands in the path, and where the body names it too, the path counts. */
  const deployed = (format: OneProvider) => (input: StreamInput) => {
    const { deployment: model } = input.params as { readonly deployment: string };
    checkMessages(format, input.body as JsonObject);
    const named = { ...(input.body as JsonObject), model };
    return pass({ ...input, body: named, raw: nameModel(input.raw, model) }, format, { model });
  };
  const gemini = (input: StreamInput, format: OneProvider): Promise<void> => {
    const { model, verb } = splitCall(input);
    const wantsStream = verb === 'streamGenerateContent';
    if (!wantsStream && verb !== 'generateContent') throw unknownCall(verb);
    if (wantsStream && !/[?&]alt=sse(?:&|$)/.test(input.request.url))
      throw mistaken('alt', 'must be sse in the query of a stream');
    const body = input.body as JsonObject;
    if (body['contents'] === undefined) throw mistaken('contents', 'must be there');
    checkGemini(body, wantsStream);
    checkBuckets(body, ['contents', 'systemInstruction']);
    return pass(input, format, { model, wantsStream });
  };
  const google = (input: StreamInput): Promise<void> => {
    const { model, verb } = splitCall(input);
    const format = EMBEDDINGS_AT_GOOGLE.get(verb);
    if (format === undefined) return gemini(input, GEMINI_AT_GOOGLE);
    checkBuckets(input.body as JsonObject, ['content', 'requests']);
    return pass(input, format, { model });
  };
  const claude = (input: StreamInput): Promise<void> => {
    const { model, verb } = splitCall(input);
    const wantsStream = verb === 'streamRawPredict';
    if (!wantsStream && verb !== 'rawPredict') throw unknownCall(verb);
    const { messages, tools, max_tokens: limit } = input.body as JsonObject;
    if (!Array.isArray(messages)) throw mistaken('messages', 'must be a list');
    if (!Array.isArray(tools ?? [])) throw mistaken('tools', 'must be a list');
    if (limit === undefined) throw mistaken('max_tokens', 'must be there');
    return pass(input, CLAUDE_AT_VERTEX, { model, wantsStream });
  };
  return [
    implementStream(wire.passOpenaiChat, plain(at(CHAT, ...OPENAI)), OWN_HEAD),
    implementStream(wire.passOpenaiResponse, response('openai', 'openai-responses'), OWN_HEAD),
    implementStream(wire.passOpenaiEmbedding, plain(at(EMBEDDINGS, ...OPENAI)), OWN_HEAD),
    implementStream(wire.passAnthropicMessage, plain(at(MESSAGES, 'anthropic')), OWN_HEAD),
    implementStream(wire.passAzureChat, plain(AZURE_CHAT), OWN_HEAD),
    implementStream(wire.passAzureResponse, response('azure'), OWN_HEAD),
    implementStream(wire.passAzureEmbedding, plain(AZURE_EMBEDDINGS), OWN_HEAD),
    implementStream(wire.passAzureDeploymentChat, deployed(AZURE_CHAT), OWN_HEAD),
    implementStream(wire.passAzureDeploymentEmbedding, deployed(AZURE_EMBEDDINGS), OWN_HEAD),
    implementStream(wire.passGemini, google, OWN_HEAD),
    implementStream(
      wire.passVertex,
      (input) =>
        input.params.publisher === 'google' ? gemini(input, GEMINI_AT_VERTEX) : claude(input),
      OWN_HEAD,
    ),
    implementStream(
      wire.passBedrock,
      (input) => {
        checkBuckets(input.body as JsonObject, ['messages', 'system']);
        return pass(input, CONVERSE_AT_BEDROCK, {
          model: input.params.model_id,
          wantsStream: false,
        });
      },
      OWN_HEAD,
    ),
  ];
}

function checkMessages({ name }: OneProvider, { messages }: JsonObject): void {
  if (name === 'chat' && !Array.isArray(messages)) throw mistaken('messages', 'must be a list');
}

interface Said {
  readonly model: string;
  /** Where the path tells; undefined: the body does. */
  readonly wantsStream?: boolean;
}

function splitCall({ params }: StreamInput): { readonly model: string; readonly verb: string } {
  const { model_call: call } = params as { readonly model_call: string };
  const colon = call.lastIndexOf(':');
  return { model: call.slice(0, colon), verb: call.slice(colon + 1) };
}

/** What nobody meters is not passed on. */
function unknownCall(verb: string): Fault {
  return new Fault('resource.missing', 'a call that is not passed on', {
    detail: `\`${verb}\` is not passed on: what it costs is not known here.`,
  });
}

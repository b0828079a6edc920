import { createHash } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import {
  implementOwn,
  implementStream,
  type Route,
  SAFETY_HEADERS,
  type StreamInput,
} from '@sagewai/http';
import {
  asksNothing,
  type JsonObject,
  ollamaModel,
  ollamaModelList,
  type OllamaKind,
  ollamaNothing,
} from '@sagewai/translate';
import {
  ollamaChat,
  ollamaEmbed,
  ollamaGenerate,
  ollamaShow,
  ollamaTags,
  ollamaVersion,
} from '@sagewai/wire';

import type { Forward } from './calls/forward.ts';
import type { Format } from './formats/format.ts';
import { OLLAMA_CHAT, OLLAMA_EMBED, OLLAMA_GENERATE } from './formats/ollama.ts';
import type { Catalogue } from './models/catalogue.ts';
import type { ModelGroup } from './models/model-table.ts';
import { traitsOf } from './providers/provider.ts';
import { isVisible } from './routes.ts';

const OWN_HEAD = { hasOwnHead: true };

/** Of Ollama's interface: clients look whether it knows what they need. */
const VERSION = '0.12.0';

interface OllamaParts {
  readonly forward: Forward;
  readonly catalogue: Pick<Catalogue, 'all' | 'find'>;
  readonly now: () => Date;
}

/** Ollama's own interface, for every model that the caller may call. */
export function ollamaRoutes(parts: OllamaParts): Route[] {
  const { forward, catalogue } = parts;
  return [
    implementStream(ollamaChat, (input) => ask(input, OLLAMA_CHAT, 'chat', parts), OWN_HEAD),
    implementStream(
      ollamaGenerate,
      (input) => ask(input, OLLAMA_GENERATE, 'generate', parts),
      OWN_HEAD,
    ),
    implementStream(ollamaEmbed, (input) => forward(input, OLLAMA_EMBED), OWN_HEAD),

    implementOwn(ollamaTags, async ({ caller }) => {
      const { groups } = await catalogue.all(caller);
      const names = groups.filter((group) => isVisible(caller, group)).map(({ model }) => model);
      return ollamaModelList(names.map((name) => ({ name, digest: digestOf(name) })));
    }),

    implementOwn(ollamaShow, async ({ body, caller }) => {
      const group = await catalogue.find(body.model ?? body.name ?? '', caller);
      if (group === undefined || !isVisible(caller, group))
        throw noSuchModel(body.model ?? body.name);
      const [first] = group.deployments;
      return ollamaModel({
        owner: first ? traitsOf(first.endpoint.provider).ownedBy : 'sagewai',
        contextTokensMax: group.contextTokensMax,
      });
    }),

    implementOwn(ollamaVersion, async () => ({ version: VERSION })),
  ];
}

/** A request without a question loads a model at Ollama; here every model is there already. */
async function ask(
  input: StreamInput,
  format: Format,
  kind: OllamaKind,
  { forward, catalogue, now }: OllamaParts,
): Promise<void> {
  const body = input.body as JsonObject & { readonly model: string };
  if (!asksNothing(body)) return forward(input, format);
  const group: ModelGroup | undefined = await catalogue.find(body.model, input.caller);
  if (group === undefined || !isVisible(input.caller, group)) throw noSuchModel(body.model);
  const reason = body['keep_alive'] === 0 || body['keep_alive'] === '0' ? 'unload' : 'load';
  const options = { kind, model: body.model, createdAt: now().toISOString() };
  input.reply.writeHead(200, {
    ...SAFETY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'x-request-id': input.request.id,
  });
  input.reply.end(JSON.stringify(ollamaNothing(options, reason)));
}

/** Of the name: two servers that have the same model say the same. */
const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex');

function noSuchModel(model: string | undefined): Fault {
  return new Fault('model.missing', 'unknown model', {
    detail: `model '${model ?? ''}' not found`,
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /api/tags' }],
  });
}

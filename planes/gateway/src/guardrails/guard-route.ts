import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, Route, StreamInput } from '@sagewai/http';

import { cutFields } from '../bytes/cut-fields.ts';
import { isAmbiguous } from '../calls/find-allowed.ts';
import { CHAT } from '../formats/chat.ts';
import { COMPLETIONS } from '../formats/completions.ts';
import { EMBEDDINGS } from '../formats/embeddings.ts';
import type { Format } from '../formats/format.ts';
import { GEMINI } from '../formats/gemini.ts';
import { MESSAGES } from '../formats/messages.ts';
import { OLLAMA_CHAT, OLLAMA_GENERATE } from '../formats/ollama.ts';
import { RESPONSES } from '../formats/responses.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Post } from './ask-hook.ts';
import { checkBody } from './check-body.ts';
import type { Checking } from './check-texts.ts';
import { chooseGuardrails } from './choose-guardrails.ts';
import { BlockedAfter, GuardReply } from './guard-reply.ts';
import type { Guardrail } from './guardrail.ts';
import { refuseTokens } from './refuse-tokens.ts';
import { type Deed, isBlocked } from './verdict.ts';

/** All that a call may pass; a plain value where they are known. */
export type KnownGuardrails = (
  caller: Pick<Caller, 'orgId' | 'projectId'>,
) => readonly Guardrail[] | Promise<readonly Guardrail[]>;

export interface GuardParts {
  /** As they are configured now. */
  readonly guardrails: KnownGuardrails;
  readonly post: Post;
  readonly now: () => Date;
  /** Counted, and recorded where it was a refusal (W5). Never rejects. */
  readonly note: (input: StreamInput, deeds: readonly Deed[]) => Promise<void>;
  readonly bytesMax: number;
}

/** Whose streams are known, by the id of the endpoint. */
const FORMATS: Readonly<Record<string, Format>> = {
  'gateway.createChatCompletion': CHAT,
  'gateway.createMessage': MESSAGES,
  'gateway.createMessageBatch': MESSAGES,
  'gateway.createResponse': RESPONSES,
  'gateway.getResponse': RESPONSES,
  'gateway.createCompletion': COMPLETIONS,
  'gateway.createEmbedding': EMBEDDINGS,
  'gateway.passOpenaiChat': CHAT,
  'gateway.passOpenaiResponse': RESPONSES,
  'gateway.passAnthropicMessage': MESSAGES,
  'gateway.passAzureChat': CHAT,
  'gateway.passAzureDeploymentChat': CHAT,
  'gateway.passAzureResponse': RESPONSES,
  'gateway.passGemini': GEMINI,
  'gateway.ollamaChat': OLLAMA_CHAT,
  'gateway.ollamaGenerate': OLLAMA_GENERATE,
};

/** The same route; one that leads to a model passes the guardrails of its caller (W1). */
export function guardRoute(route: Route, parts: GuardParts): Route {
  const { endpoint, binding } = route;
  if (endpoint.permission !== 'model:call') return route;
  // A route of another kind would go by them, and nobody would notice (W2).
  if (binding.kind !== 'stream') throw new Error(`${endpoint.id} cannot be guarded`);
  const format = FORMATS[endpoint.id];
  const handle = async (input: StreamInput): Promise<void> => {
    const { projectId, detail } = input.caller;
    const known = parts.guardrails(input.caller);
    const all = known instanceof Promise ? await known : known;
    const chosen = chooseGuardrails(all, {
      projectId,
      names: namesOf(detail as CallerDetail | undefined),
      body: input.body,
    });
    const sent = withoutNames(input);
    return chosen.length === 0
      ? binding.handle(sent)
      : guard(sent, { chosen, format, parts, handle: binding.handle });
  };
  return { endpoint, binding: { ...binding, handle } };
}

/** Null: they cannot be read, which is not that there are none (W2). */
function namesOf(detail: CallerDetail | undefined): readonly string[] | null {
  const policy = detail?.policy ?? null;
  return policy === null ? [] : policy.guardrails;
}

async function guard(
  input: StreamInput,
  of: {
    readonly chosen: readonly Guardrail[];
    readonly format: Format | undefined;
    readonly parts: GuardParts;
    readonly handle: (input: StreamInput) => Promise<void>;
  },
): Promise<void> {
  const { chosen, format, parts, handle } = of;
  const { reply } = input;
  const checking = (phase: Checking['phase']): Checking => ({
    guardrails: chosen.filter(({ before, after }) => (phase === 'pre' ? before : after)),
    phase,
    asking: { id: newId(), at: parts.now(), call: aboutOf(input, format) },
    post: parts.post,
  });
  const after = checking('post');
  refuseTokens(input.body, after.guardrails);
  if (after.guardrails.length > 0) refuseMiddle(input);
  const passed = await checkBefore(input, checking('pre'), parts);
  reply.setHeader('x-litellm-applied-guardrails', chosen.map(({ name }) => name).join(','));
  if (after.guardrails.length === 0) return handle(passed);
  const guarded = new GuardReply({ reply, format, checking: after, bytesMax: parts.bytesMax });
  try {
    await handle(passed);
    await parts.note(input, await guarded.finish());
  } catch (thrown) {
    guarded.letGo();
    if (!(thrown instanceof BlockedAfter)) throw thrown;
    await parts.note(input, thrown.deeds);
    throw isBlocked(thrown.deed, thrown.headers);
  }
}

async function checkBefore(
  input: StreamInput,
  checking: Checking,
  parts: GuardParts,
): Promise<StreamInput> {
  if (checking.guardrails.length === 0) return input;
  const type = input.request.headers['content-type'] ?? 'application/json';
  const { body: raw, deeds, blocked } = await checkBody(input.raw, type, checking);
  await parts.note(input, deeds);
  if (blocked !== undefined) throw isBlocked(blocked);
  if (raw === input.raw) return input;
  return { ...input, raw, body: JSON.parse(raw.toString()) as unknown };
}

/** What is for this server alone is not sent on. */
function withoutNames(input: StreamInput): StreamInput {
  const body = input.body as { readonly guardrails?: unknown } | undefined;
  if (body?.guardrails === undefined) return input;
  const cut = cutFields(input.raw, ['guardrails']);
  if (cut.kind === 'ambiguous') throw isAmbiguous(cut.name);
  const { guardrails: _, ...rest } = body;
  return { ...input, body: rest, raw: cut.body };
}

function aboutOf(
  { caller, body, request }: StreamInput,
  format: Format | undefined,
): Checking['asking']['call'] {
  const model = (body as { readonly model?: unknown } | undefined)?.model;
  return {
    request_id: request.id,
    organization_id: caller.orgId,
    project_id: caller.projectId,
    caller: `${caller.kind}:${caller.id}`,
    model: typeof model === 'string' ? model : null,
    format: format?.name ?? null,
  };
}

/** What began before the first event that is read cannot be found (W4). */
function refuseMiddle({ request }: StreamInput): void {
  const start = request.url.indexOf('?');
  if (start === -1) return;
  const from = new URLSearchParams(request.url.slice(start)).get('starting_after');
  if (from === null) return;
  const message =
    'is not taken where a guardrail reads answers: read the stream from its beginning';
  throw new Fault('request.invalid', 'a guarded stream from its middle', {
    detail: `query/starting_after ${message}.`,
    mistakes: [{ part: 'query', path: '/starting_after', message }],
  });
}

/**
 * Calls that name a chat session. All others pass as if this were not here: nothing is read, and nothing is asked.
 *
 *   call ──► what was said ──► recall ──► the call itself, with guardrails, budgets and books ──► store ──► last byte
 */
import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Route, StreamInput } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { CHAT_ID_PATTERN, createChatCompletion, type MemoryBackend } from '@sagewai/wire';

import type { IntelligenceParts } from '../intelligence-options.ts';
import { chooseDialogs, SHORT_TERM_DIALOGS } from '../memory/choose-dialogs.ts';
import { type Dialog, type Question, textOf } from '../memory/dialog.ts';
import { AnswerTap } from '../models/answer-tap.ts';
import type { Embed } from '../models/embed.ts';
import { type Message, questionIn } from '../models/messages.ts';
import { answerId, type OfProject, openDialog, sealDialog } from './chat.ts';
import { appendDialog, findChat, listDialogs } from './chats.sql.ts';
import { reasoningSteps } from './reasoning-steps.ts';
import { remind } from './remind.ts';

export interface ChatParts extends IntelligenceParts {
  readonly embed: Embed;
}

type Handle = (input: StreamInput) => Promise<void>;

interface Body {
  readonly model: string;
  readonly messages?: readonly Message[] | null;
  readonly stream?: boolean | null;
  readonly session_id?: unknown;
  /** False: a stream tells nothing but the answer. */
  readonly reasoning_steps?: unknown;
}

const ID = new RegExp(CHAT_ID_PATTERN);

/** The same route; of chat completions, one that knows chats. */
export function withChats(route: Route, parts: ChatParts): Route {
  const { endpoint, binding } = route;
  if (endpoint.id !== createChatCompletion.id || binding.kind !== 'stream') return route;
  const handle: Handle = (input) => {
    const { session_id: id } = input.body as Body;
    return id === undefined || id === null
      ? binding.handle(input)
      : goOn(input, { id: readId(id), handle: binding.handle, parts });
  };
  return { endpoint, binding: { ...binding, handle } };
}

async function goOn(
  input: StreamInput,
  of: { readonly id: string; readonly handle: Handle; readonly parts: ChatParts },
): Promise<void> {
  const { id, handle, parts } = of;
  const { settings, clock } = parts;
  const { session_id: _, reasoning_steps: tells, ...body } = input.body as Body;
  const messages = body.messages ?? [];
  const text = questionIn(messages);
  if (text === '') throw noQuestion();
  const startedAt = clock.now();
  const whose = projectOf(input);
  const { memory, dialogs } = await read(parts, whose, id);
  const question = await toQuestion(input, { text, memory, parts });
  const bounds = { topK: settings.topK, bytesMax: settings.recalledBytesMax };
  const recalled = chooseDialogs(memory, dialogs, { question, bounds });
  const sent = { ...body, messages: remind(messages, recalled) };
  const step = {
    title: 'Memory',
    content: `${recalled.length} of ${dialogs.length} dialogs (${memory})`,
    tookMs: clock.now().getTime() - startedAt.getTime(),
  };
  const named = { id: answerId(id) };
  const reply = new AnswerTap({
    reply: input.reply,
    changes: { whole: named, chunk: named },
    before: tells === false ? [] : reasoningSteps({ id, model: body.model, at: startedAt }, [step]),
    bytesMax: settings.answerBytesMax,
    heard: (assistant) => store(input, { id, memory, question, assistant, whose, parts }),
  });
  try {
    await handle({ ...input, body: sent, raw: Buffer.from(JSON.stringify(sent)) });
    await reply.done();
  } catch (thrown) {
    reply.letGo();
    throw thrown;
  }
}

async function read(
  { db, keys, settings }: ChatParts,
  whose: OfProject,
  id: string,
): Promise<{ readonly memory: MemoryBackend; readonly dialogs: readonly Dialog[] }> {
  return inTenant(db, [whose.orgId], async (tx) => {
    const chat = await findChat(tx, whose, id);
    if (chat === null) return { memory: settings.memory, dialogs: [] };
    const { memory } = chat;
    const limit = memory === 'short_term' ? SHORT_TERM_DIALOGS : settings.dialogsKeptMax;
    const rows = await listDialogs(tx, whose, { id, limit, bytesMax: settings.openedBytesMax });
    const { orgId } = whose;
    return {
      memory,
      dialogs: rows.map((row) => openDialog(keys, { orgId, id: row.id }, row.sealed)),
    };
  });
}

async function toQuestion(
  input: StreamInput,
  of: { readonly text: string; readonly memory: MemoryBackend; readonly parts: ChatParts },
): Promise<Question> {
  const { text, memory, parts } = of;
  const vectors = memory === 'vdb' ? await parts.embed(input, [text]) : null;
  return { text, vector: vectors?.[0] ?? null };
}

/** The answer is paid for: it is told, even where it cannot be remembered. */
async function store(
  input: StreamInput,
  of: {
    readonly id: string;
    readonly memory: MemoryBackend;
    readonly question: Question;
    readonly assistant: string;
    readonly whose: OfProject;
    readonly parts: ChatParts;
  },
): Promise<void> {
  const { id, memory, question, assistant, whose, parts } = of;
  const { db, keys, settings, log } = parts;
  const said = { user: question.text, assistant };
  try {
    const vectors = memory === 'vdb' ? await parts.embed(input, [textOf(said)]) : null;
    const dialog = { ...said, vector: vectors?.[0] ?? null };
    const { orgId } = whose;
    const dialogId = newId<string>();
    const sealed = sealDialog(keys, { orgId, id: dialogId }, dialog);
    const keptMax = settings.dialogsKeptMax;
    await inTenant(db, [orgId], (tx) =>
      appendDialog(tx, whose, { chat: { id, memory }, id: dialogId, sealed, keptMax }),
    );
  } catch (error) {
    log.warn('a dialog could not be stored', { chat: id, error });
  }
}

function projectOf({ caller }: StreamInput): OfProject {
  const { orgId, projectId } = caller;
  if (orgId === null || projectId === null) {
    throw new Fault('project.missing', 'a call of a chat without a project', {
      detail: 'A chat session is of a project, and this credential has none.',
    });
  }
  return { orgId, projectId };
}

function readId(id: unknown): string {
  if (typeof id === 'string' && ID.test(id)) return id;
  const message = 'is up to 100 letters, digits and _ . : -';
  throw new Fault('request.invalid', 'an id that no chat has', {
    detail: `body/session_id ${message}.`,
    mistakes: [{ part: 'body', path: '/session_id', message }],
  });
}

function noQuestion(): Fault {
  const message = 'needs a text of the user, which a chat session is reminded by';
  return new Fault('request.invalid', 'a call of a chat that asks nothing', {
    detail: `body/messages ${message}.`,
    mistakes: [{ part: 'body', path: '/messages', message }],
  });
}

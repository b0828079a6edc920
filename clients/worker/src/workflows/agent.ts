import type { ChatMessage } from '../models/model-call.ts';
import { demandApproval } from './approval.ts';
import { delegate } from './delegate.ts';
import { type RunContext, RunFailed } from './workflow.ts';

interface AgentPayload {
  readonly name: string;
  readonly model: string;
  readonly system: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly turns: readonly Turn[];
  readonly approval: unknown;
  readonly children: unknown;
}

interface Turn {
  readonly content: string;
  /** Null: the agent's. */
  readonly model: string | null;
}

export interface AgentOutput {
  readonly agent: string;
  /** The last answer. */
  readonly message: string;
  /** The model that gave it, in the provider's words; a simulated one says so. */
  readonly model: string;
  readonly finish_reason: string;
  /** Every answer, in the order of the turns. */
  readonly answers: readonly string[];
  readonly usage: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly calls: number;
  };
}

/**
 * The built-in workflow: `{agent: {name, model, system, …}, message}`. `message` may be a list of
 * turns; each is put to the model with everything said so far. A turn is a text, or `{content, model}`
 * when it names a model of its own. With `approval` it asks a person before the first, with `children` it
 * has other runs done, and the model reads what they have answered.
 */
export async function runAgent(context: RunContext): Promise<AgentOutput> {
  const { payload, model, callModel, voice, resume } = context;
  const agent = readPayload(payload, model);
  demandApproval(agent.approval, resume, voice);
  const answered = await delegate(agent.children, context);
  const messages: ChatMessage[] = agent.system ? [{ role: 'system', content: agent.system }] : [];
  if (answered !== null) messages.push({ role: 'user', content: answered });
  const usage = { input_tokens: 0, output_tokens: 0, calls: 0 };
  const answers: string[] = [];
  let last = { model: agent.model, finishReason: 'stop' };
  const turns = agent.turns.length;
  for (const [at, turn] of agent.turns.entries()) {
    const which = turns === 1 ? '' : `turn ${at + 1} of ${turns}: `;
    voice.log(`${which}${agent.name} calls ${turn.model ?? agent.model}`);
    messages.push({ role: 'user', content: turn.content });
    const answer = await callModel({
      model: turn.model ?? agent.model,
      isExplicit: turn.model !== null,
      messages,
      parameters: agent.parameters,
    });
    messages.push({ role: 'assistant', content: answer.content });
    answers.push(answer.content);
    usage.input_tokens += answer.inputTokens;
    usage.output_tokens += answer.outputTokens;
    usage.calls += 1;
    last = answer;
    const tokens = `${answer.inputTokens} tokens in, ${answer.outputTokens} out`;
    voice.log(`${which}${answer.model} answered: ${tokens} (${answer.finishReason})`);
    voice.progress((at + 1) / turns);
  }
  return {
    agent: agent.name,
    message: answers.at(-1) ?? '',
    model: last.model,
    finish_reason: last.finishReason,
    answers,
    usage,
  };
}

function readPayload(payload: unknown, routedModel: string | null): AgentPayload {
  const { agent, message, approval, children } = asRecord(payload, 'the payload');
  const { name, model, system, ...parameters } = asRecord(agent, 'agent');
  const chosen = model ?? routedModel;
  if (typeof chosen !== 'string' || chosen === '') {
    throw new RunFailed('agent.model is missing, and the run was submitted without a model');
  }
  if (system !== undefined && system !== null && typeof system !== 'string') {
    throw new RunFailed('agent.system must be text');
  }
  const turns = (Array.isArray(message) ? (message as unknown[]) : [message]).map(readTurn);
  if (turns.length === 0) throw new RunFailed(WRONG_MESSAGE);
  return {
    approval,
    children,
    name: typeof name === 'string' && name !== '' ? name : 'agent',
    model: chosen,
    system: system ?? null,
    parameters,
    turns,
  };
}

const WRONG_MESSAGE = 'message must be text, or a list of texts or of {content, model}';

function readTurn(turn: unknown): Turn {
  if (typeof turn === 'string' && turn !== '') return { content: turn, model: null };
  if (typeof turn !== 'object' || turn === null) throw new RunFailed(WRONG_MESSAGE);
  const { content, model = null } = turn as { content?: unknown; model?: unknown };
  const isModel = model === null || (typeof model === 'string' && model !== '');
  if (typeof content !== 'string' || content === '' || !isModel) throw new RunFailed(WRONG_MESSAGE);
  return { content, model };
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new RunFailed(`${what} must be an object; the built-in workflow takes {agent, message}`);
}

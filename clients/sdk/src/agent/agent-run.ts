import { askModel } from './ask-model.ts';
import { type ChatMessage, type ModelTurn, type ToolCall, toMessage } from './chat.ts';
import { addSpent, NOTHING_SPENT, overBudget } from './check-spend.ts';
import { checkText } from './check-text.ts';
import type { AgentEnd, AgentEvent, AgentResult } from './events.ts';
import { readOutput } from './read-output.ts';
import { inProcess, type RunOptions, type StepContext } from './run-options.ts';
import { stepName } from './step-name.ts';
import { stepTag } from './step-tag.ts';
import { takeCall } from './take-call.ts';
import type { UniversalAgent } from './universal-agent.ts';

type Stopped = Extract<AgentEnd, { kind: 'stopped' }>;
const ANSWERED: AgentEnd = { kind: 'answered' };
const stop = (by: Stopped['by'], reason: string): Stopped => ({ kind: 'stopped', by, reason });

/** One run of an agent: model, tools, model, … until there is an answer or a limit. */
export class AgentRun {
  readonly #options: RunOptions;
  readonly #isStreamed: boolean;
  readonly #listen: (event: AgentEvent) => void;
  readonly #ctx: StepContext;
  readonly #signal: AbortSignal;
  readonly #said: ChatMessage[] = [];
  readonly #asked = new Map<string, number>();
  /** Whose limits, budget and last look at the answer hold, whoever takes over. */
  readonly #first: UniversalAgent;
  #agent: UniversalAgent;
  #spent = NOTHING_SPENT;
  #model = '';
  #text = '';
  #output: unknown = null;
  #wrongOutputs = 0;
  #handoffs = 0;

  constructor(
    agent: UniversalAgent,
    options: RunOptions,
    { isStreamed, listen }: { isStreamed: boolean; listen: (event: AgentEvent) => void },
  ) {
    this.#first = agent;
    this.#agent = agent;
    this.#options = options;
    this.#isStreamed = isStreamed;
    this.#listen = listen;
    const signals = [options.signal, options.ctx?.signal].filter((one) => one !== undefined);
    this.#signal = AbortSignal.any(signals);
    this.#ctx = options.ctx ?? inProcess(this.#signal);
  }

  async run(input: string | readonly ChatMessage[]): Promise<AgentResult> {
    const { memory } = this.#first.config;
    const remembered = (await memory?.load()) ?? [];
    const end = await this.#converse(input, remembered);
    const result: AgentResult = {
      end,
      text: this.#text,
      output: this.#output,
      agent: this.#agent.name,
      model: this.#model,
      ...this.#spent,
      messages: this.#said,
    };
    if (end.kind === 'answered') {
      const asked = this.#said.find(({ role }) => role === 'user');
      await memory?.save([...(asked ? [asked] : []), { role: 'assistant', content: this.#text }]);
    }
    await this.#tell({ kind: 'end', agent: this.#agent.name, result });
    return result;
  }

  async #converse(
    input: string | readonly ChatMessage[],
    remembered: readonly ChatMessage[],
  ): Promise<AgentEnd> {
    const { limits } = this.#first;
    if ((this.#options.depth ?? 0) > limits.depthMax) {
      return stop('depth', `more than ${limits.depthMax} agents stand above this one`);
    }
    const blocked = await this.#hear(input);
    if (blocked) return blocked;
    for (let turn = 1; turn <= limits.turnsMax; turn += 1) {
      this.#signal.throwIfAborted();
      const asked = await this.#ask(turn, remembered);
      if (asked.kind === 'stopped') return asked;
      const end =
        asked.calls.length > 0
          ? await this.#takeCalls(turn, asked.calls)
          : await this.#answer(asked);
      if (end) return end;
    }
    return stop('turns', `there is no answer after ${limits.turnsMax} model calls`);
  }

  async #hear(input: string | readonly ChatMessage[]): Promise<Stopped | null> {
    const messages =
      typeof input === 'string' ? [{ role: 'user', content: input } as const] : input;
    for (const message of messages) {
      if (message.role !== 'user') {
        this.#said.push(message);
        continue;
      }
      const checked = await this.#check('input', message.content);
      if (checked.kind === 'blocked') return stop('guardrail', checked.reason);
      this.#said.push({ role: 'user', content: checked.text });
    }
    return null;
  }

  /** One model call, as a step. */
  async #ask(
    turn: number,
    remembered: readonly ChatMessage[],
  ): Promise<(ModelTurn & { kind: 'turn' }) | Stopped> {
    const agent = this.#agent;
    const { config } = agent;
    const budget = { ...this.#first.config.budget, ...config.budget };
    const over = overBudget(this.#first.config.budget ?? {}, this.#spent);
    if (over !== null) return stop('budget', over);
    const call = this.#options.inference ?? {};
    await this.#tell({
      kind: 'model',
      agent: agent.name,
      model: call.model ?? config.inference.model,
      turn,
    });
    const system: ChatMessage[] =
      config.system === undefined ? [] : [{ role: 'system', content: config.system }];
    const request = {
      messages: [...system, ...remembered, ...this.#said],
      tools: [...(config.tools ?? []), ...agent.handoffTools],
      output: this.#wantedOutput,
    };
    let told = Promise.resolve();
    const onText = (text: string): void => {
      told = told.then(() => this.#tell({ kind: 'text', agent: agent.name, text }));
      told.catch(() => undefined);
    };
    const asked = await this.#ctx.step(this.#stepName(`model ${turn}`), (step) =>
      askModel({ name: agent.name, config: { ...config, budget } }, request, {
        call,
        signal: this.#signal,
        tag: stepTag(step),
        onText: this.#isStreamed ? onText : undefined,
      }),
    );
    await told;
    if (asked.kind === 'stopped') return stop('budget', asked.reason);
    if (asked.notice) await this.#tell({ kind: 'budget', agent: agent.name, ...asked.notice });
    this.#spent = addSpent(this.#spent, { ...asked, usage: asked.turn.usage });
    this.#model = asked.turn.model;
    this.#said.push(toMessage(asked.turn));
    return { kind: 'turn', ...asked.turn };
  }

  /** All calls of one answer at once; their results in the order in which they were asked for. */
  async #takeCalls(turn: number, calls: readonly ToolCall[]): Promise<AgentEnd | null> {
    const agent = this.#agent;
    const { depthMax, repeatsMax } = this.#first.limits;
    const repeated = calls.find((call) => this.#countCall(call) > repeatsMax);
    if (repeated) {
      const why = `${repeated.name} was asked for more than ${repeatsMax} times with the same arguments`;
      return stop('repetition', why);
    }
    const next = calls.map(({ name }) => agent.handoffOf(name)).find((one) => one !== null);
    if (next !== undefined && this.#handoffs >= depthMax) {
      return stop('depth', `the conversation was handed over more than ${depthMax} times`);
    }
    const results = await Promise.all(
      calls.map(async (call, at) => {
        const { id, name: tool } = call;
        await this.#tell({ kind: 'call', agent: agent.name, id, tool, arguments: call.arguments });
        return this.#takeOne(call, { turn, at, next });
      }),
    );
    for (const [at, { isError, text }] of results.entries()) {
      const { id = '', name: tool = '' } = calls[at] ?? {};
      this.#said.push({ role: 'tool', id, content: text });
      await this.#tell({ kind: 'result', agent: agent.name, id, tool, isError, text });
    }
    if (next) {
      this.#handoffs += 1;
      this.#agent = next;
      await this.#tell({ kind: 'handoff', agent: agent.name, to: next.name });
    }
    return null;
  }

  #countCall({ name, arguments: text }: ToolCall): number {
    const times = (this.#asked.get(`${name} ${text}`) ?? 0) + 1;
    this.#asked.set(`${name} ${text}`, times);
    return times;
  }

  async #takeOne(
    call: ToolCall,
    of: { turn: number; at: number; next: UniversalAgent | undefined },
  ): Promise<{ isError: boolean; text: string }> {
    const agent = this.#agent;
    const to = agent.handoffOf(call.name);
    if (to !== null) {
      return to === of.next
        ? { isError: false, text: `${to.name} has taken over` }
        : { isError: true, text: 'error: the conversation goes to one agent at a time' };
    }
    if (of.at >= this.#first.limits.callsPerTurnMax)
      return { isError: true, text: 'error: too many calls in one answer' };
    const { outcome, ...spent } = await takeCall(agent, call, {
      step: this.#stepName(`tool ${of.turn}.${of.at + 1} ${call.name}`),
      ctx: this.#ctx,
      signal: this.#signal,
      options: this.#options,
    });
    this.#spent = addSpent(this.#spent, spent);
    return { isError: outcome.kind === 'failed', text: outcome.text };
  }

  /** The run's answer; null: the model is to try again. */
  async #answer({ content, finishReason }: ModelTurn): Promise<AgentEnd | null> {
    this.#text = content;
    if (finishReason === 'length') return stop('length', 'the answer was cut off at its limit');
    if (finishReason === 'content_filter') return stop('refusal', 'the provider refused to answer');
    const wanted = this.#wantedOutput;
    if (wanted !== undefined) {
      const { value, mistakes } = readOutput(content, wanted.schema);
      if (mistakes.length > 0) {
        const why = `the answer is not as ${wanted.name} must be: ${mistakes.join('; ')}`;
        this.#wrongOutputs += 1;
        if (this.#wrongOutputs > this.#first.limits.outputRetries) return stop('output', why);
        this.#said.push({ role: 'user', content: `${why}. Answer again, with the JSON only.` });
        return null;
      }
      this.#output = value;
    }
    const checked = await this.#check('output', content);
    if (checked.kind === 'blocked') {
      this.#text = '';
      this.#output = null;
      return stop('guardrail', checked.reason);
    }
    this.#text = checked.text;
    return ANSWERED;
  }

  get #wantedOutput(): RunOptions['output'] {
    return this.#options.output ?? this.#agent.config.output;
  }

  #check(stage: 'input' | 'output', text: string): ReturnType<typeof checkText> {
    const who = new Set([this.#agent, this.#first]);
    const guardrails = [...who].flatMap(({ config }) => config.guardrails ?? []);
    return checkText(guardrails, stage, text, { agent: this.#agent.name, tool: null });
  }

  #stepName(what: string): string {
    return stepName(`${this.#options.scope ?? ''}${this.#agent.name} ${what}`);
  }

  async #tell(event: AgentEvent): Promise<void> {
    const hook = this.#agent.config.hooks?.[event.kind] as
      | ((event: AgentEvent) => void | Promise<void>)
      | undefined;
    await hook?.(event);
    this.#listen(event);
  }
}

import { AGENT_LIMITS, type AgentConfig, type AgentLimits } from './agent-config.ts';
import { AgentRun } from './agent-run.ts';
import type { ChatMessage } from './chat.ts';
import { EventQueue } from './event-queue.ts';
import { type AgentEvent, type AgentResult, AgentStopped } from './events.ts';
import type { RunOptions } from './run-options.ts';
import { type Tool, TOOL_NAME } from './tool.ts';

/**
 * An agent: a model with instructions, tools, and other agents to pass on to. It runs where it is called: in a
 * program without a server, or in a workflow, whose context makes every model call and tool call a step.
 */
export class UniversalAgent {
  readonly name: string;
  readonly config: AgentConfig;
  readonly limits: AgentLimits;
  /** What the model is offered for handing over. */
  readonly handoffTools: readonly Tool[];
  readonly #handoffs: ReadonlyMap<string, UniversalAgent>;

  constructor({ name, config }: { readonly name: string; readonly config: AgentConfig }) {
    if (name === '') throw new TypeError('an agent needs a name');
    this.name = name;
    this.config = config;
    this.limits = { ...AGENT_LIMITS, ...config.limits };
    const handoffs = (config.handoffs ?? []).map(
      (to) => [`transfer_to_${to.toolName}`, to] as const,
    );
    this.#handoffs = new Map(handoffs);
    this.handoffTools = handoffs.map(([tool, to]) => ({
      name: tool,
      description: `Pass the conversation on to ${to.name}.`,
      parameters: { type: 'object', properties: {} },
      run: () => null,
    }));
    const names = [...(config.tools ?? []), ...this.handoffTools].map((tool) => tool.name);
    const wrong = names.find((one, at) => !TOOL_NAME.test(one) || names.indexOf(one) !== at);
    if (wrong !== undefined) {
      throw new TypeError(
        `agent ${name}: the tool ${JSON.stringify(wrong)} is misnamed, or there twice`,
      );
    }
  }

  get toolName(): string {
    return this.name.replaceAll(/[^\w-]+/g, '_').slice(0, 50);
  }

  handoffOf(tool: string): UniversalAgent | null {
    return this.#handoffs.get(tool) ?? null;
  }

  /** The answer. Throws `AgentStopped` when there is none. */
  async chat(input: string | readonly ChatMessage[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(input, options);
    if (result.end.kind === 'answered') return result.text;
    throw new AgentStopped(result);
  }

  run(input: string | readonly ChatMessage[], options: RunOptions = {}): Promise<AgentResult> {
    return new AgentRun(this, options, { isStreamed: false, listen: () => undefined }).run(input);
  }

  /** What happens, as it happens; the last is `end`, with the result. Whoever leaves ends the run. */
  async *stream(
    input: string | readonly ChatMessage[],
    options: RunOptions = {},
  ): AsyncGenerator<AgentEvent, void, undefined> {
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    const events = new EventQueue<AgentEvent>();
    const listen = (event: AgentEvent): void => events.push(event);
    const run = new AgentRun(this, { ...options, signal }, { isStreamed: true, listen });
    const running = run.run(input).then(
      () => events.end(),
      (error: unknown) => events.fail(error),
    );
    try {
      yield* events;
    } finally {
      left.abort(new DOMException('nobody reads the stream any more', 'AbortError'));
      await running;
    }
  }

  /** This agent, for another one to ask; its run counts to the other's budget. */
  asTool({ description }: { readonly description: string }): Tool {
    const run = async (
      { input }: { readonly input: string },
      { signal, depth, charge }: Parameters<Tool['run']>[1],
    ): Promise<string> => {
      const result = await this.run(input, { signal, depth: depth + 1 });
      charge(result);
      if (result.end.kind === 'answered') return result.text;
      throw new AgentStopped(result);
    };
    const parameters = {
      type: 'object',
      properties: {
        input: { type: 'string', description: 'What it is to do, with all it must know.' },
      },
      required: ['input'],
    };
    return { name: this.toolName, description, parameters, run: run as Tool['run'] };
  }
}

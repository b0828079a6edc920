import type { WorkflowContext } from '../workflow/context.ts';
import type { Approval } from './agent-config.ts';
import type { JsonSchema } from './chat.ts';
import type { InferenceOverride } from './inference.ts';

/** Where what has an effect happens: at once, or once in the journal of a durable run. */
export type StepContext = Pick<WorkflowContext, 'step' | 'signal'> &
  Partial<Pick<WorkflowContext, 'waitFor'>>;

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Goes before all that is configured. */
  readonly inference?: InferenceOverride;
  readonly output?: { readonly name: string; readonly schema: JsonSchema };
  /** Of a workflow: every model call and every call of a tool is a step of it. */
  readonly ctx?: StepContext;
  /** Before the names of those steps, so that two runs of one agent in one workflow are told apart. */
  readonly scope?: string;
  /** Asked about tools that need approval. */
  readonly approve?: (call: {
    readonly agent: string;
    readonly tool: string;
    readonly arguments: string;
  }) => Approval | Promise<Approval>;
  /** How many agents stand above this run. */
  readonly depth?: number;
}

/** Steps that are done at once, and again when they are asked for again. */
export function inProcess(signal: AbortSignal = new AbortController().signal): StepContext {
  let ordinal = 0;
  return {
    signal,
    step: async (name, work) => {
      ordinal += 1;
      signal.throwIfAborted();
      const key = `${name}#${ordinal}`;
      return work({ idempotencyKey: `process:${key}`, key, tried: 1, signal });
    },
  };
}

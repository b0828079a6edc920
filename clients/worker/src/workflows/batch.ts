import { UniversalAgent } from '@sagewai/sdk/agent';
import {
  defineWorkflow,
  StepFailed,
  Unrecoverable,
  type WorkflowContext,
} from '@sagewai/sdk/workflow';

export const BATCH = 'batch';

interface BatchInput {
  readonly items: readonly (string | BatchItem)[];
  /** `auto` unless said: each is given to the model that fits it. */
  readonly model?: string;
  readonly system?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** JSON that each answer has to be. */
  readonly output?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
  readonly concurrency?: number;
}

interface BatchItem {
  readonly id?: string;
  readonly message: string;
  readonly model?: string;
}

export interface BatchAnswer {
  readonly id: string;
  /** Who answered, in the provider's words; null: nobody did. */
  readonly model: string | null;
  readonly message: string | null;
  /** Parsed, where `output` was asked for. */
  readonly output: unknown;
  readonly error: string | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
}

export interface BatchOutput {
  readonly items: readonly BatchAnswer[];
  readonly completed: number;
  readonly failed: number;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}

const ITEMS_MAX = 10_000;
const CONCURRENCY = 8;
const text = { type: 'string', minLength: 1 } as const;
const SCHEMA = {
  type: 'object',
  properties: {
    items: {
      type: 'array',
      minItems: 1,
      maxItems: ITEMS_MAX,
      items: {
        anyOf: [
          text,
          {
            type: 'object',
            properties: { id: { ...text, maxLength: 60 }, message: text, model: text },
            required: ['message'],
            additionalProperties: false,
          },
        ],
      },
    },
    model: text,
    system: text,
    parameters: { type: 'object' },
    output: {
      type: 'object',
      properties: { name: text, schema: { type: 'object' } },
      required: ['name', 'schema'],
      additionalProperties: false,
    },
    concurrency: { type: 'integer', minimum: 1, maximum: 64 },
  },
  required: ['items'],
  additionalProperties: false,
} as const;

/**
 * The built-in workflow `batch`: puts each item to a model, some beside each other. Each answer is a step, so a worker
 * that dies has none done again; an item that fails is told of and holds up no other.
 */
export const batch = defineWorkflow<BatchInput, BatchOutput>(BATCH, SCHEMA, async (ctx, given) => {
  const items = given.items.map((item, at) => {
    const { id = String(at + 1), ...rest } = typeof item === 'string' ? { message: item } : item;
    return { id, ...rest };
  });
  if (new Set(items.map(({ id }) => id)).size < items.length) {
    throw new Unrecoverable('two items have the same id');
  }
  const agent = agentOf(given);
  const answers: BatchAnswer[] = [];
  let next = 0;
  const takeTurns = async (): Promise<void> => {
    for (let at = next; at < items.length; at = next) {
      next += 1;
      const item = items[at];
      if (item !== undefined) answers[at] = await ask(ctx, agent, item);
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(given.concurrency ?? CONCURRENCY, items.length) }, takeTurns),
  );
  const failed = answers.filter(({ error }) => error !== null).length;
  if (failed === answers.length) {
    throw new Unrecoverable(`no item was answered; the first: ${answers[0]?.error ?? ''}`);
  }
  return {
    items: answers,
    completed: answers.length - failed,
    failed,
    usage: {
      input_tokens: sum(answers.map((one) => one.input_tokens)),
      output_tokens: sum(answers.map((one) => one.output_tokens)),
    },
  };
});

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0);

const agentOf = ({ model = 'auto', system, parameters, output }: BatchInput): UniversalAgent =>
  new UniversalAgent({
    name: BATCH,
    config: {
      inference: { model, ...(parameters === undefined ? {} : { parameters }) },
      ...(system === undefined ? {} : { system }),
      ...(output === undefined ? {} : { output }),
    },
  });

async function ask(
  ctx: WorkflowContext,
  agent: UniversalAgent,
  { id, message, model }: BatchItem & { readonly id: string },
): Promise<BatchAnswer> {
  const nothing = {
    id,
    model: null,
    message: null,
    output: null,
    input_tokens: 0,
    output_tokens: 0,
  };
  try {
    const inference = model === undefined ? {} : { inference: { model } };
    const result = await agent.run(message, { ctx, scope: `${id} `, ...inference });
    const { end, usage } = result;
    return {
      id,
      model: result.model,
      message: result.text,
      output: result.output ?? null,
      error: end.kind === 'answered' ? null : end.reason,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
    };
  } catch (thrown) {
    // What is no step's failure is the run's: it is cancelled, or has lost its lease.
    if (!(thrown instanceof StepFailed)) throw thrown;
    return { ...nothing, error: thrown.message };
  }
}

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
/** After so many that failed one after the other, nothing gets through: a budget is used up, a key was taken back. */
const FAILED_MAX = 20;
/** How many turns later that is looked at: what then has ended is the same each time that the run is replayed. */
const LOOK_BEHIND = 4;
const UNSEEN = /\p{C}|^\s|\s$/u;
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
  // Steps are named by them, and what a name does not show tells nothing apart.
  const unseen = items.find(({ id }) => UNSEEN.test(id));
  if (unseen !== undefined) {
    throw new Unrecoverable(`an id has signs that cannot be seen: ${JSON.stringify(unseen.id)}`);
  }
  if (new Set(items.map(({ id }) => id)).size < items.length) {
    throw new Unrecoverable('two items have the same id');
  }
  const agent = agentOf(given);
  const answers = await inTurns(items, given.concurrency ?? CONCURRENCY, (item) =>
    ask(ctx, agent, item),
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

type Item = BatchItem & { readonly id: string };

/** Some beside each other, in their order, and no more of them once nothing gets through. */
async function inTurns(
  items: readonly Item[],
  concurrency: number,
  ask: (item: Item) => Promise<BatchAnswer>,
): Promise<readonly BatchAnswer[]> {
  const answers: BatchAnswer[] = [];
  // Of each item: it, and all before it, have an answer.
  const answered: Promise<unknown>[] = [];
  const begin = async (item: Item, at: number): Promise<void> => {
    const known = at - LOOK_BEHIND * concurrency;
    if (known >= 0) await answered[known];
    const hopeless = failedInARow(answers, known);
    answers[at] = hopeless === null ? await ask(item) : { ...nothingOf(item), error: hopeless };
  };
  let next = 0;
  const takeTurns = async (): Promise<void> => {
    for (let at = next; at < items.length; at = next) {
      next += 1;
      const item = items[at];
      if (item === undefined) return;
      const mine = begin(item, at);
      answered[at] = Promise.allSettled([answered[at - 1], mine]);
      await mine;
    }
  };
  const turns = Array.from({ length: Math.min(concurrency, items.length) }, takeTurns);
  await Promise.all(turns);
  return answers;
}

/** Why there is no use in asking more; null: there is. */
function failedInARow(answers: readonly BatchAnswer[], until: number): string | null {
  const last = answers.slice(Math.max(0, until + 1 - FAILED_MAX), until + 1);
  if (last.length < FAILED_MAX || last.some(({ error }) => error === null)) return null;
  return `not asked, since the ${FAILED_MAX} before it failed; the last: ${last.at(-1)?.error ?? ''}`.slice(
    0,
    500,
  );
}

const nothingOf = ({ id }: Item): Omit<BatchAnswer, 'error'> => ({
  id,
  model: null,
  message: null,
  output: null,
  input_tokens: 0,
  output_tokens: 0,
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

async function ask(ctx: WorkflowContext, agent: UniversalAgent, item: Item): Promise<BatchAnswer> {
  const { id, message, model } = item;
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
    return { ...nothingOf(item), error: thrown.message };
  }
}

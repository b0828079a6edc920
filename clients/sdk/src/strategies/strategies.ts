import type { JsonSchema } from '../agent/chat.ts';
import type { AgentResult } from '../agent/events.ts';
import { AgentStopped } from '../agent/events.ts';
import type { RunOptions } from '../agent/run-options.ts';
import { UniversalAgent } from '../agent/universal-agent.ts';

type Member = Pick<UniversalAgent, 'name' | 'run'>;

/** One agent answers. */
export const single = (
  agent: Member,
  input: string,
  options: RunOptions = {},
): Promise<AgentResult> => agent.run(input, options);

/** Each agent works on what the one before it has answered; ends with the first that has no answer. */
export async function sequential(
  agents: readonly Member[],
  input: string,
  options: RunOptions = {},
): Promise<readonly AgentResult[]> {
  const results: AgentResult[] = [];
  let text = input;
  for (const [at, agent] of agents.entries()) {
    const result = await agent.run(text, within(options, `${at + 1}`));
    results.push(result);
    if (result.end.kind !== 'answered') break;
    text = result.text;
  }
  return results;
}

/** All agents work on the same, at once; their answers in the order of the agents. When one fails, all end. */
export async function parallel(
  agents: readonly Member[],
  input: string,
  options: RunOptions = {},
): Promise<readonly AgentResult[]> {
  const others = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, others.signal]) : others.signal;
  const runs = agents.map(async (agent, at) => {
    try {
      return await agent.run(input, within({ ...options, signal }, `${at + 1}`));
    } catch (error) {
      others.abort(error);
      throw error;
    }
  });
  // Nobody is left running behind the back of whoever asked.
  await Promise.allSettled(runs);
  return Promise.all(runs);
}

export interface Worker {
  readonly agent: UniversalAgent;
  /** What it is good for, for the supervisor. */
  readonly description: string;
}

/** The supervisor asks the workers, as tools, as often as it needs, and answers. */
export function supervisor(
  lead: UniversalAgent,
  workers: readonly Worker[],
  input: string,
  options: RunOptions = {},
): Promise<AgentResult> {
  const tools = workers.map(({ agent, description }) => agent.asTool({ description }));
  const config = { ...lead.config, tools: [...(lead.config.tools ?? []), ...tools] };
  return new UniversalAgent({ name: lead.name, config }).run(input, options);
}

export interface DebateOptions extends RunOptions {
  readonly rounds?: number;
}

/** The agents answer, read what the others have said, and answer again; then the judge decides. */
export async function debate(
  agents: readonly Member[],
  judge: Member,
  input: string,
  { rounds = 2, ...options }: DebateOptions = {},
): Promise<{ readonly verdict: AgentResult; readonly rounds: readonly (readonly string[])[] }> {
  const said: (readonly string[])[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const asked =
      said.length === 0
        ? input
        : `${input}\n\nSo far:\n${positionsOf(agents, said)}\n\nAnswer again: keep what holds, mend what does not.`;
    const results = await parallel(agents, asked, within(options, `round ${round}`));
    said.push(results.map(textOf));
  }
  const asked = `${input}\n\nThe positions:\n${positionsOf(agents, said)}\n\nDecide, and say why.`;
  const verdict = await judge.run(asked, within(options, 'judge'));
  return { verdict, rounds: said };
}

export interface PlanOptions extends RunOptions {
  readonly stepsMax?: number;
  /** Further tries of a step that the critic does not accept. */
  readonly revisionsMax?: number;
}

export interface PlannedStep {
  readonly task: string;
  readonly text: string;
  /** What the critic has not accepted in the end; null: it has. */
  readonly objection: string | null;
}

const PLAN: { readonly name: string; readonly schema: JsonSchema } = {
  name: 'plan',
  schema: {
    type: 'object',
    properties: { steps: { type: 'array', items: { type: 'string' }, minItems: 1 } },
    required: ['steps'],
  },
};

const CRITIQUE: { readonly name: string; readonly schema: JsonSchema } = {
  name: 'critique',
  schema: {
    type: 'object',
    properties: { accepted: { type: 'boolean' }, objection: { type: 'string' } },
    required: ['accepted'],
  },
};

/** One plans, one does each step, one criticises it; a step that is not accepted is done again with the objection. */
export async function planExecuteCritique(
  { planner, executor, critic }: Readonly<Record<'planner' | 'executor' | 'critic', Member>>,
  input: string,
  { stepsMax = 10, revisionsMax = 1, ...options }: PlanOptions = {},
): Promise<{ readonly text: string; readonly steps: readonly PlannedStep[] }> {
  const planned = await planner.run(
    `${input}\n\nPlan it, in at most ${stepsMax} steps. Do nothing yet.`,
    { ...within(options, 'plan'), output: PLAN },
  );
  textOf(planned);
  const { steps: tasks } = planned.output as { steps: readonly string[] };
  const steps: PlannedStep[] = [];
  for (const [at, task] of tasks.slice(0, stepsMax).entries()) {
    const before = steps.map((one) => `${one.task}: ${one.text}`).join('\n');
    let objection: string | null = null;
    let text = '';
    for (let tried = 0; tried <= revisionsMax; tried += 1) {
      const mend =
        objection === null ? '' : `\n\nYour last answer was: ${text}\nMend it: ${objection}`;
      const where = `step ${at + 1}.${tried + 1}`;
      const asked = `The whole: ${input}\n\nDone so far:\n${before || 'nothing'}\n\nNow: ${task}${mend}`;
      text = textOf(await executor.run(asked, within(options, where)));
      const judged = await critic.run(`The task: ${task}\n\nThe answer: ${text}\n\nIs it right?`, {
        ...within(options, `${where} critique`),
        output: CRITIQUE,
      });
      textOf(judged);
      const { accepted, objection: why } = judged.output as {
        accepted: boolean;
        objection?: string;
      };
      objection = accepted ? null : (why ?? 'the critic does not say why');
      if (accepted) break;
    }
    steps.push({ task, text, objection });
  }
  return { text: steps.at(-1)?.text ?? '', steps };
}

/** Names of steps tell the branches apart: the same each time, in whatever order they get on. */
const within = (options: RunOptions, branch: string): RunOptions => ({
  ...options,
  scope: `${options.scope ?? ''}${branch}/`,
});

function textOf(result: AgentResult): string {
  if (result.end.kind === 'answered') return result.text;
  throw new AgentStopped(result);
}

const positionsOf = (agents: readonly Member[], rounds: readonly (readonly string[])[]): string =>
  agents.map(({ name }, at) => `${name}: ${rounds.at(-1)?.[at] ?? ''}`).join('\n');

import type { Command } from 'commander';

import { type Context, createContext, type Surroundings } from './context.ts';

/** Nobody waits longer for a key press; without an answer there is nothing to offer. */
const TIMEOUT_MS = 1_000;
const RUNS_MAX = 50;
const WORKER_COMMANDS = /worker|drain|evict|ban|unlock/;

/** What may stand where the last of these words is being typed. Never throws: a prompt shows no errors. */
export async function complete(
  program: Command,
  words: readonly string[],
  around: Surroundings,
): Promise<string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const path = commandsOf(program, before);
  const command = path.at(-1) ?? program;
  const found = await candidates(command, { path, typed, previous: before.at(-1) ?? '' }, around);
  return found.filter((candidate) => candidate.startsWith(typed));
}

/** The command that is being typed, after the groups that lead to it. */
function commandsOf(program: Command, words: readonly string[]): Command[] {
  const path: Command[] = [];
  for (const word of words) {
    const { commands } = path.at(-1) ?? program;
    const next = commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) break;
    path.push(next);
  }
  return path;
}

async function candidates(
  command: Command,
  at: { path: readonly Command[]; typed: string; previous: string },
  around: Surroundings,
): Promise<string[]> {
  const option = command.options.find(({ long }) => long === at.previous);
  if (option !== undefined && (option.required || option.optional)) {
    return option.argChoices ?? (await live(option.long ?? '', around));
  }
  if (at.typed.startsWith('-')) return command.options.flatMap(({ long }) => long ?? []);
  if (command.commands.length > 0) return command.commands.map((each) => each.name());
  const group = at.path[0]?.name();
  if (command.registeredArguments[0]?.name() !== 'id') return [];
  if (group === 'runs') return live('run', around);
  return WORKER_COMMANDS.test(command.name()) ? live('worker', around) : [];
}

const SOURCES: Readonly<Record<string, (context: Context) => Promise<string[]>>> = {
  run: async ({ client }) => {
    const { runs } = await client.call('runs.listRuns', { query: { limit: RUNS_MAX } }, ONCE);
    return runs.map(({ id }) => id);
  },
  worker: async (context) => (await workersOf(context)).map(({ id }) => id),
  '--pool': async (context) => unique((await workersOf(context)).map(({ pool }) => pool)),
  '--model': async (context) => unique((await workersOf(context)).flatMap(({ models }) => models)),
};

const ONCE = { timeoutMs: TIMEOUT_MS, attemptsMax: 1 };
const unique = (values: readonly string[]): string[] => [...new Set(values)].toSorted();

async function workersOf({ client }: Context) {
  return (await client.call('fleet.listWorkers', {}, ONCE)).workers;
}

async function live(what: string, around: Surroundings): Promise<string[]> {
  try {
    return (await SOURCES[what]?.(await createContext({}, around))) ?? [];
  } catch {
    return [];
  }
}

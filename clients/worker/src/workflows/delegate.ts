import { type ChildOutcome, type ChildSubmission, type RunContext, RunFailed } from './workflow.ts';

/**
 * `children` of a payload: runs that are submitted under this one before its first turn, each a submission
 * with a name. Returns what they have answered, for the model to read; null when there are none. Waits
 * until they are over, without a place on the worker.
 */
export async function delegate(
  asked: unknown,
  { children, voice }: Pick<RunContext, 'children' | 'voice'>,
): Promise<string | null> {
  if (asked === undefined || asked === null) return null;
  const wishes = readWishes(asked);
  for (const { name, submission } of wishes) {
    const id = await children.submit(name, submission);
    voice.log(`${name} is run ${id}`);
  }
  const ended = await children.outcomes();
  const failed = ended.find(({ state }) => state !== 'completed');
  if (failed !== undefined) {
    throw new RunFailed(`its child ${failed.name} ${failed.state}: ${failed.error ?? 'no reason'}`);
  }
  voice.log(`${ended.length} children are over`);
  return ended.map(({ name, output }) => `${name}: ${answerOf(output)}`).join('\n\n');
}

function answerOf(output: ChildOutcome['output']): string {
  if (typeof output === 'object' && output !== null && 'message' in output) {
    if (typeof output.message === 'string') return output.message;
  }
  return JSON.stringify(output);
}

interface Wish {
  readonly name: string;
  readonly submission: ChildSubmission;
}

function readWishes(asked: unknown): Wish[] {
  if (!Array.isArray(asked)) throw unreadable();
  const wishes = (asked as unknown[]).map((each): Wish => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) throw unreadable();
    const { name, ...submission } = each as Record<string, unknown>;
    const { payload } = submission;
    if (typeof name !== 'string' || name === '' || typeof payload !== 'object') throw unreadable();
    // What else is wrong with it the server tells.
    return { name, submission: submission as unknown as ChildSubmission };
  });
  const names = new Set(wishes.map(({ name }) => name));
  if (names.size < wishes.length) throw new RunFailed('two children have the same name');
  return wishes;
}

const unreadable = (): RunFailed =>
  new RunFailed('children must be a list of {name, payload, …}, each a submission with a name');

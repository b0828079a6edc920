import { readFile } from 'node:fs/promises';

import { type CallOutput, compareSteps } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

type Step = CallOutput<'runs.readJournal'>['steps'][number];
type Timeline = CallOutput<'runs.readTimeline'>;

type TimelineNode = Timeline['nodes'][number];

interface TimelineFlags extends ConnectionFlags {
  readonly follow?: boolean;
}

interface ReplayFlags extends ConnectionFlags {
  readonly from?: string;
  readonly edit?: string;
}

/** What a durable run has done, step by step. */
export function historyCommands(around: Surroundings): Command[] {
  const timeline = serverCommand('timeline', 'Show steps, waits and calls of a run')
    .argument('<id>', 'its id', id)
    .option('-f, --follow', 'go on until the run has ended; with --json, one event a line');
  const replay = serverCommand('replay', 'Run it again, with its finished steps up to one of them')
    .argument('<id>', 'its id', id)
    .option('--from <step>', 'the first step that is done again: name, or name#ordinal')
    .option('--edit <file>', 'JSON in place of what it was given');
  const diff = serverCommand('diff', 'Compare the steps of two runs')
    .argument('<one>', 'its id', id)
    .argument('<other>', 'its id', id);
  return [
    act<TimelineFlags>(timeline, around, showTimeline),
    act<ReplayFlags>(replay, around, replayRun),
    act<ConnectionFlags>(diff, around, showDiff),
  ];
}

async function showTimeline(
  context: Context,
  { follow }: TimelineFlags,
  [run_id = '']: readonly string[],
): Promise<void> {
  if (follow === true) return followTimeline(context, run_id);
  const nodes = new Map<string, TimelineNode>();
  let page: Timeline;
  let cursor: string | null = null;
  do {
    const query = cursor === null ? {} : { cursor };
    page = await context.client.call('runs.readTimeline', { params: { run_id }, query });
    // A step that has changed comes again: the later counts.
    for (const node of page.nodes) nodes.set(`${node.node} ${node.key}`, node);
    cursor = page.next;
  } while (page.nodes.length > 0);
  const all = [...nodes.values()];
  const headings = ['at', 'node', 'what', 'state', 'attempt', 'cost', 'note'];
  const { state, attempts, cost_usd, calls } = page;
  const text = printColumns(headings, all.map(toRow));
  context.show({ nodes: all, state, attempts, cost_usd, calls }, text);
  context.terminal.note(noteOf(page));
}

/** A line for each node as it happens; a step has one when it begins and one when it ends. */
async function followTimeline({ client, terminal, json }: Context, run_id: string): Promise<void> {
  for await (const { event, data } of client.stream('runs.streamTimeline', {
    params: { run_id },
  })) {
    if (event === 'end') terminal.note(noteOf(data));
    if (json) terminal.out(JSON.stringify({ event, ...data }));
    else if (event === 'node') terminal.out(toRow(data).filter(Boolean).join('  '));
  }
}

function toRow(node: TimelineNode): (string | null)[] {
  switch (node.node) {
    case 'step':
      return [node.at, node.kind, node.key, node.state, String(node.attempt), '', node.error];
    case 'tool':
      return [node.at, 'tool', node.tool, node.state, '', '', node.error ?? node.step];
    case 'call':
      return [node.at, 'call', node.model, node.status, '', `$${node.cost_usd}`, node.step];
  }
}

const noteOf = (of: Pick<Timeline, 'state' | 'attempts' | 'cost_usd' | 'calls'>): string =>
  `${of.state}, ${of.attempts.length} attempts, ${of.calls} calls, $${of.cost_usd}`;

async function replayRun(
  context: Context,
  { from, edit }: ReplayFlags,
  [run_id = '']: readonly string[],
): Promise<void> {
  const body = {
    ...(from === undefined ? {} : { from }),
    ...(edit === undefined ? {} : { input: await readInput(edit) }),
  };
  const replayed = await context.client.call('runs.replayRun', { params: { run_id }, body });
  context.show(replayed, replayed.id);
  context.terminal.note(`begins with ${replayed.steps} finished steps of ${run_id}`);
}

async function readInput(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new UsageError(`--edit ${file}: ${cause instanceof Error ? cause.message : 'no JSON'}`);
  }
}

async function showDiff(
  context: Context,
  _flags: ConnectionFlags,
  [one = '', other = '']: readonly string[],
): Promise<void> {
  const [before, after] = await Promise.all([readAll(context, one), readAll(context, other)]);
  const steps = compareSteps(before, after).map(({ key, how }) => ({ key, how }));
  const rows = steps.map(({ key, how }) => [key, how]);
  context.show({ one, other, steps }, printColumns(['step', 'how'], rows));
  const differing = steps.filter(({ how }) => how !== 'same').length;
  context.terminal.note(`${differing} of ${steps.length} steps differ`);
}

/** A step that has changed comes again: the later counts. */
async function readAll({ client }: Context, run_id: string): Promise<Step[]> {
  const steps = new Map<string, Step>();
  let after = 0;
  for (;;) {
    const page = await client.call('runs.readJournal', { params: { run_id }, query: { after } });
    for (const step of page.steps) steps.set(`${step.name}#${step.ordinal}`, step);
    if (page.is_end) return [...steps.values()];
    after = page.next;
  }
}

import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

type Children = CallOutput<'runs.listChildren'>;
type Child = Children['children'][number];

interface ChildrenFlags extends ConnectionFlags {
  readonly tree?: boolean;
}

export function childrenCommand(around: Surroundings): Command {
  const command = serverCommand('children', 'List the runs that were submitted under a run')
    .argument('<id>', 'its id', id)
    .option('--tree', 'all under it, however deep');
  return act<ChildrenFlags>(command, around, showChildren);
}

async function showChildren(
  context: Context,
  { tree = false }: ChildrenFlags,
  [run = '']: readonly string[],
): Promise<void> {
  const children: Child[] = [];
  let page: Children;
  let cursor: string | null = null;
  do {
    const query = { tree, ...(cursor === null ? {} : { cursor }) };
    page = await context.client.call('runs.listChildren', { params: { run_id: run }, query });
    children.push(...page.children);
    cursor = page.next_cursor;
  } while (cursor !== null);
  const rows = inTree(run, children).map(({ child, level }) => [
    `${'  '.repeat(level)}${child.id}`,
    child.state,
    child.pool,
    child.model,
    child.worker_name,
    `$${child.cost_usd}`,
    child.error,
  ]);
  const headings = ['id', 'state', 'pool', 'model', 'worker', 'cost', 'error'];
  context.show({ children, tree: page.tree }, printColumns(headings, rows));
  const { runs, unfinished, cost_usd: cost } = page.tree;
  context.terminal.note(`${runs} with itself, ${unfinished} of its children not over, $${cost}`);
}

/** Each under its parent. */
function inTree(
  root: string,
  children: readonly Child[],
  level = 0,
): { readonly child: Child; readonly level: number }[] {
  const under = children.filter(({ parent_run_id: parent }) => parent === root);
  return under.flatMap((child) => [{ child, level }, ...inTree(child.id, children, level + 1)]);
}

import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readTexts } from '../read-texts.ts';
import { UsageError } from '../usage-error.ts';

type Index = CallOutput<'knowledge.buildIndex'>['index'];

interface BuildFlags extends ConnectionFlags {
  readonly sourceDir?: string;
  readonly force?: boolean;
}

interface SearchFlags extends ConnectionFlags {
  readonly topK: number;
  readonly refine: boolean;
}

export function indexCommand(around: Surroundings): Command {
  return group('index', 'Documents of a project, found by what they say', {
    commands: [
      act(serverCommand('status', 'Say what is indexed'), around, async (context, flags) => {
        const answer = await context.client.call('knowledge.readIndex', { query: within(flags) });
        const text = answer.status === 'ready' ? tableOf(answer.index) : answer.message;
        context.show(answer, text);
      }),
      act<BuildFlags>(
        serverCommand('build', 'Index the texts of a folder')
          .argument('[folder]', 'of this machine')
          .option('--source-dir <folder>', "one of the server's, which its operator has named")
          .option('--force', 'in place of the one that there is'),
        around,
        build,
      ),
      act<SearchFlags>(
        serverCommand('search', 'Find passages')
          .argument('<question>', 'in words')
          .option('--top-k <n>', 'how many', integer, 4)
          .option('--no-refine', 'as they were found'),
        around,
        search,
      ),
      act(serverCommand('delete', 'Delete the index'), around, async (context, flags) => {
        const answer = await context.client.call('knowledge.deleteIndex', { query: within(flags) });
        context.show(answer, answer.message);
      }),
    ],
    examples: [
      'sagewai index build ./docs',
      'sagewai index search "how are budgets set?"',
      'sagewai index build ./docs --force --project web',
    ],
  });
}

async function build(
  context: Context,
  flags: BuildFlags,
  [folder]: readonly (string | undefined)[],
): Promise<void> {
  const { sourceDir, force = false } = flags;
  if (folder !== undefined && sourceDir !== undefined) {
    throw new UsageError('say a folder of this machine, or --source-dir');
  }
  const body = {
    force_rebuild: force,
    ...(folder === undefined ? {} : { documents: await readTexts(folder) }),
    ...(sourceDir === undefined ? {} : { source_dir: sourceDir }),
  };
  const answer = await context.client.call('knowledge.buildIndex', { query: within(flags), body });
  context.show(answer, `${answer.message}\n${tableOf(answer.index)}`);
}

async function search(
  context: Context,
  { topK, refine, ...flags }: SearchFlags,
  [question = '']: readonly string[],
): Promise<void> {
  const body = { query: question, top_k: topK, refine };
  const answer = await context.client.call('knowledge.searchIndex', { query: within(flags), body });
  const told = answer.results.map(
    ({ id, doc_path: path, heading, content }) =>
      `[${id}] ${path}${heading === '' ? '' : ` — ${heading}`}\n${content}`,
  );
  context.show(answer, told.length === 0 ? 'nothing was found' : told.join('\n\n'));
}

const within = ({ project }: ConnectionFlags): { project?: string } =>
  project === undefined ? {} : { project };

const tableOf = (index: Index): string =>
  printColumns(
    ['documents', 'passages', 'bytes', 'vectors of', 'from', 'built'],
    [
      [
        index.documents,
        index.chunks,
        index.bytes,
        index.embedding_model ?? 'none: words alone',
        index.source,
        index.built_at,
      ],
    ],
  );

import type { CallInput, CallOutput } from '@sagewai/sdk';
import {
  csvLine,
  formatSpend,
  SPEND_FORMATS,
  SPEND_NAMES,
  type SpendFormat,
  type SpendName,
  spendHeading,
} from '@sagewai/wire';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { ago, instantOf } from '../read-instant.ts';

type Report = CallOutput<'ledger.reportSpend'>;
type Group = Report['groups'][number];

interface FilterFlags extends ConnectionFlags {
  readonly projectId?: string;
  readonly keyId?: string;
  readonly team?: string;
  readonly person?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly tag?: string;
  readonly since?: string;
  readonly until?: string;
}

interface ReportFlags extends FilterFlags {
  readonly by: SpendName[];
  readonly csv?: boolean;
}

interface ExportFlags extends FilterFlags {
  readonly format: SpendFormat;
  readonly cursor?: string;
}

const GROUPS_PER_PAGE = 10_000;
const ROWS_PER_PAGE = 1_000;

/** Where a name of a report stands in its groups. */
const FIELDS = {
  day: 'day',
  project: 'project_id',
  key: 'key_id',
  team: 'team',
  person: 'person',
  model: 'model',
  provider: 'provider',
  agent: 'agent',
  session: 'session',
  tag: 'tag',
} as const satisfies Record<SpendName, keyof Group>;

const SUMS = [
  'calls',
  'failed_calls',
  'unpriced_calls',
  'cost_usd',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
] as const satisfies readonly (keyof Group)[];

export function spendCommand(around: Surroundings): Command {
  return group('spend', 'What model calls cost', {
    commands: [reportCommand(around), exportCommand(around)],
    examples: [
      'sagewai spend report --by model --since 7d',
      'sagewai spend report --by day,team --since 2026-11-01 --until 2026-11-30 --csv',
      'sagewai spend export --format csv --since 1d > spend.csv',
    ],
  });
}

function reportCommand(around: Surroundings): Command {
  return act<ReportFlags>(
    filtered(serverCommand('report', 'Sum it up; days are UTC days, and whole'))
      .option('--by <names>', `by comma: ${SPEND_NAMES.join(', ')}`, namesOf, ['model'])
      .option('--since <when>', 'a day (2026-11-01), or how long ago, as 7d')
      .option('--until <when>', 'a day, which counts, or how long ago (default: today)')
      .option('--csv', 'print it as CSV'),
    around,
    async (context, flags) => {
      const query = {
        ...filterOf(flags),
        group_by: flags.by.join(','),
        limit: GROUPS_PER_PAGE,
        ...bound('since', dayOf(flags.since, context.now())),
        ...bound('until', dayOf(flags.until, context.now())),
      };
      const report = await readReport(context, query);
      if (flags.csv === true) {
        const names = flags.by.map((name) => FIELDS[name]);
        const columns = [...names, ...SUMS];
        context.terminal.out(columns.join(','));
        for (const each of report.groups) {
          context.terminal.out(csvLine(columns.map((column) => each[column])));
        }
        return;
      }
      context.show(report, tableOf(report, flags.by));
    },
  );
}

async function readReport(
  { client, signal }: Context,
  query: NonNullable<CallInput<'ledger.reportSpend'>['query']>,
): Promise<Report> {
  const groups: Group[] = [];
  let cursor: string | null = null;
  for (;;) {
    const on: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: Report = await client.call(
      'ledger.reportSpend',
      { query: { ...query, ...on } },
      { signal },
    );
    groups.push(...page.groups);
    cursor = page.next_cursor;
    if (cursor === null) return { ...page, groups };
  }
}

function tableOf({ groups, totals }: Report, by: readonly SpendName[]): string {
  const cells = (of: Report['totals']): string[] => [
    String(of.calls),
    `$${of.cost_usd}`,
    String(of.input_tokens),
    String(of.output_tokens),
  ];
  const rows = groups.map((each) => [...by.map((name) => each[FIELDS[name]]), ...cells(each)]);
  const total = ['total', ...by.slice(1).map(() => ''), ...cells(totals)];
  const headings = [...by, 'calls', 'cost', 'input tokens', 'output tokens'];
  const unpriced =
    totals.unpriced_calls === 0
      ? ''
      : `\n${totals.unpriced_calls} of the calls have no known price; what they cost is not in the sums.`;
  return printColumns(headings, [...rows, total]) + unpriced;
}

function exportCommand(around: Surroundings): Command {
  return act<ExportFlags>(
    filtered(serverCommand('export', 'Print what each call cost, newest first, a call a line'))
      .addOption(
        new Option('--format <format>', 'JSON lines, or CSV')
          .choices(SPEND_FORMATS)
          .default('jsonl'),
      )
      .option('--since <when>', 'an instant (ISO 8601), or how long ago, as 7d')
      .option('--until <when>', 'an instant, or how long ago')
      .option('--cursor <place>', 'go on after this call: what a broken export named'),
    around,
    exportAll,
  );
}

/** Page by page, so that what is broken off can go on where it was. */
async function exportAll(context: Context, flags: ExportFlags): Promise<void> {
  const { client, terminal, signal } = context;
  const { format } = flags;
  const query = {
    ...filterOf(flags),
    limit: ROWS_PER_PAGE,
    ...bound('since', instantOf(flags.since, context.now())),
    ...bound('until', instantOf(flags.until, context.now())),
  };
  let cursor = flags.cursor ?? null;
  const heading = cursor === null ? spendHeading(format) : null;
  if (heading !== null) terminal.out(heading);
  let isWhole = false;
  try {
    for (;;) {
      const on = cursor === null ? {} : { cursor };
      const page = await client.call(
        'ledger.listSpend',
        { query: { ...query, ...on } },
        { signal },
      );
      for (const row of page.spend) terminal.out(formatSpend(row, format));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    isWhole = true;
  } finally {
    if (!isWhole && cursor !== null) terminal.note(`Broken off; go on with: --cursor ${cursor}`);
  }
}

function filtered(command: Command): Command {
  return command
    .option('--project-id <id>', 'of this project')
    .option('--key-id <id>', 'of this virtual key')
    .option('--team <team>', 'of keys of this team')
    .option('--person <person>', 'of keys of this person')
    .option('--model <model>', 'of this model')
    .option('--provider <provider>', 'of this provider')
    .option('--agent <agent>', 'of this agent')
    .option('--session <session>', 'of this session')
    .option('--tag <tag>', 'with this tag');
}

function filterOf(flags: FilterFlags) {
  const { projectId, keyId, team, person, model, provider, agent, session, tag } = flags;
  return {
    ...bound('project_id', projectId),
    ...bound('key_id', keyId),
    ...bound('team', team),
    ...bound('person', person),
    ...bound('model', model),
    ...bound('provider', provider),
    ...bound('agent', agent),
    ...bound('session', session),
    ...bound('tag', tag),
  };
}

const bound = <Name extends string>(
  name: Name,
  value: string | undefined,
): { readonly [N in Name]?: string } =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in Name]?: string };

function namesOf(text: string): SpendName[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !(SPEND_NAMES as readonly string[]).includes(name));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`${wrong} is none of ${SPEND_NAMES.join(', ')}`);
  }
  return names as SpendName[];
}

/** A day as it is, or the day that it was so long ago. */
function dayOf(text: string | undefined, now: Date): string | undefined {
  if (text === undefined || /^\d{4}-\d{2}-\d{2}$/.test(text)) return text;
  return ago(text, now).toISOString().slice(0, 10);
}

import type { CallInput, CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';

interface ListFlags extends ConnectionFlags {
  readonly worker?: string;
  readonly open?: boolean;
  readonly limit: number;
}

interface SettingsFlags extends ConnectionFlags {
  readonly pool?: string;
  readonly claimsPerMinute?: Given;
  readonly failuresPerHour?: Given;
  readonly silenceSeconds?: Given;
  readonly mismatchesPerHour?: Given;
  readonly windowSeconds?: Given;
  readonly kindsToRevoke?: Given;
}

type Settings = CallOutput<'fleet.getAnomalySettings'>;
type Change = NonNullable<CallInput<'fleet.setAnomalySettings'>['body']>;

/** The word, not null: the parser of flags would take null for a flag without a value. */
type Given = number | 'default';
const orDefault = (text: string): Given => (text === 'default' ? text : integer(text));

export function anomalyCommands(around: Surroundings): Command {
  return group('anomalies', 'What workers do that they should not', {
    commands: [
      act<ListFlags>(
        serverCommand('list', 'List anomalies, newest first')
          .option('--worker <id>', 'of one worker', id)
          .option('--open', 'those that nobody has reset')
          .option('--limit <n>', 'how many', integer, 50),
        around,
        listAnomalies,
      ),
      act(
        serverCommand('reset', 'Clear the anomalies of a worker, and count anew').argument(
          '<id>',
          'of the worker',
          id,
        ),
        around,
        async (context, _, [worker = '']) => {
          const params = { worker_id: worker };
          const answer = await context.client.call('fleet.resetWorker', { params });
          context.show(answer, `Cleared ${answer.cleared} anomalies.`);
        },
      ),
      act<SettingsFlags>(
        serverCommand('settings', 'Show what counts as an anomaly, or change it')
          .option('--pool <pool>', 'of one pool')
          .option('--claims-per-minute <n>', 'polls in vain; `default` takes it back', orDefault)
          .option('--failures-per-hour <n>', 'failed runs', orDefault)
          .option('--silence-seconds <n>', 'without a sign of life', orDefault)
          .option('--mismatches-per-hour <n>', 'models that are not recorded', orDefault)
          .option('--window-seconds <n>', 'within which kinds come together', orDefault)
          .option('--kinds-to-revoke <n>', 'how many kinds revoke; 0: none', orDefault),
        around,
        settings,
      ),
    ],
    examples: [
      'sagewai fleet anomalies list --open',
      'sagewai fleet anomalies settings --pool batch --failures-per-hour 100',
      'sagewai fleet anomalies reset ID',
    ],
  });
}

async function listAnomalies(context: Context, flags: ListFlags): Promise<void> {
  const { worker, open, limit } = flags;
  const query = {
    limit,
    ...(worker ? { worker_id: worker } : {}),
    ...(open ? { open: 'true' as const } : {}),
  };
  const answer = await context.client.call('fleet.listAnomalies', { query });
  const rows = answer.anomalies.map((anomaly) => [
    anomaly.worker_id,
    anomaly.kind,
    anomaly.pool,
    `${anomaly.observed} > ${anomaly.allowed}`,
    showAge(anomaly.raised_at, context.now()),
    anomaly.revoked ? 'revoked' : anomaly.cleared_at === null ? 'open' : 'reset',
  ]);
  const headings = ['worker', 'kind', 'pool', 'observed', 'raised', 'state'];
  context.show(answer, printColumns(headings, rows));
}

const FIELDS = {
  claims_per_minute: 'claimsPerMinute',
  failures_per_hour: 'failuresPerHour',
  silence_seconds: 'silenceSeconds',
  mismatches_per_hour: 'mismatchesPerHour',
  window_seconds: 'windowSeconds',
  kinds_to_revoke: 'kindsToRevoke',
} as const;
const NAMES = Object.keys(FIELDS) as (keyof typeof FIELDS)[];

const valueOf = (given: Given | undefined): number | null =>
  typeof given === 'number' ? given : null;

async function settings(context: Context, flags: SettingsFlags): Promise<void> {
  const given = NAMES.filter((name) => flags[FIELDS[name]] !== undefined);
  if (given.length > 0) {
    const body = {
      ...(flags.pool ? { pool: flags.pool } : {}),
      ...Object.fromEntries(given.map((name) => [name, valueOf(flags[FIELDS[name]])])),
    } as Change;
    await context.client.call('fleet.setAnomalySettings', { body });
  }
  const answer: Settings = await context.client.call('fleet.getAnomalySettings', {});
  const rows = [
    ['defaults', ...NAMES.map((name) => answer.defaults[name])],
    ...answer.settings.map((own) => [
      own.pool === null ? 'organization' : `pool ${own.pool}`,
      ...NAMES.map((name) => own[name]),
    ]),
  ];
  context.show(answer, printColumns(['of', ...NAMES], rows));
}

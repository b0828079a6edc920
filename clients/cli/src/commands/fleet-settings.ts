import { type CallInput, type CallOutput } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

type Change = CallInput<'fleet.setSettings'>['body'];
type Settings = CallOutput<'fleet.getSettings'>;

const UNSAID = 'default';

interface SetFlags extends ConnectionFlags {
  readonly enforcement?: 'off' | 'warn' | 'strict';
  readonly openRegistration?: 'on' | 'off' | typeof UNSAID;
  readonly dualApproval?: 'on' | 'off';
  readonly registrationRate?: number | typeof UNSAID;
}

export function fleetSettingsCommand(around: Surroundings): Command {
  return group('settings', 'What the organization allows its workers', {
    commands: [
      act(serverCommand('get', 'Read the settings'), around, async (context) => {
        show(context, await context.client.call('fleet.getSettings', {}));
      }),
      act<SetFlags>(
        serverCommand('set', 'Change what is named; the rest stays')
          .addOption(
            new Option('--enforcement <mode>', 'of key pairs and enrollment keys').choices([
              'off',
              'warn',
              'strict',
            ]),
          )
          .addOption(
            new Option(
              '--open-registration <which>',
              'whether workers may register without any credential; default: as the server says',
            ).choices(['on', 'off', UNSAID]),
          )
          .addOption(
            new Option('--dual-approval <which>', 'whether two people must approve').choices([
              'on',
              'off',
            ]),
          )
          .option(
            '--registration-rate <n>',
            'registrations a second from one address; default: as the server says',
            rate,
          ),
        around,
        set,
      ),
    ],
    examples: [
      'sagewai fleet settings get',
      'sagewai fleet settings set --enforcement warn',
      'sagewai fleet settings set --dual-approval on --registration-rate 5',
    ],
  });
}

async function set(context: Context, flags: SetFlags): Promise<void> {
  const { enforcement, openRegistration, dualApproval, registrationRate } = flags;
  const body: Change = {
    ...(enforcement === undefined ? {} : { enforcement }),
    ...(openRegistration === undefined
      ? {}
      : { open_registration: openRegistration === UNSAID ? null : openRegistration === 'on' }),
    ...(dualApproval === undefined ? {} : { dual_approval: dualApproval === 'on' }),
    ...(registrationRate === undefined
      ? {}
      : { registrations_per_second: registrationRate === UNSAID ? null : registrationRate }),
  };
  if (Object.keys(body).length === 0) throw new UsageError('name at least one setting to change');
  show(context, await context.client.call('fleet.setSettings', { body }));
}

function show(context: Context, settings: Settings): void {
  const or = (value: string | null): string => value ?? 'as the server is configured';
  const word = (on: boolean | null): string | null => (on === null ? null : on ? 'on' : 'off');
  const rows = [
    ['enforcement', settings.enforcement],
    ['open registration', or(word(settings.open_registration))],
    ['dual approval', or(word(settings.dual_approval))],
    ['registration rate', or(settings.registrations_per_second?.toString() ?? null)],
  ];
  context.show(settings, printColumns(['setting', 'value'], rows));
}

function rate(text: string): number | typeof UNSAID {
  if (text === UNSAID) return UNSAID;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('expected a number above 0, or default');
  }
  return value;
}

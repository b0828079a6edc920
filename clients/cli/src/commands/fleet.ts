import { Command } from 'commander';

import type { Surroundings } from '../context.ts';
import { enrollmentKeyCommands } from './fleet-keys.ts';
import { workerCommands } from './fleet-workers.ts';

export function fleetCommand(around: Surroundings): Command {
  const command = new Command('fleet').description('Enrollment keys and workers');
  for (const each of [...enrollmentKeyCommands(around), ...workerCommands(around)]) {
    command.addCommand(each);
  }
  return command;
}

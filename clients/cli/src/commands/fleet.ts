import type { Command } from 'commander';

import { group } from '../command.ts';
import type { Surroundings } from '../context.ts';
import { anomalyCommands } from './fleet-anomalies.ts';
import { fleetAuditCommand } from './fleet-audit.ts';
import { deadLettersCommand } from './fleet-dead-letters.ts';
import { encryptionCommand } from './fleet-encryption.ts';
import { enrollmentKeyCommands } from './fleet-keys.ts';
import { limitCommands } from './fleet-limits.ts';
import { poolsCommand } from './fleet-pools.ts';
import { retentionCommand } from './fleet-retention.ts';
import { routingCommands } from './fleet-routing.ts';
import { scalingCommands } from './fleet-scaling.ts';
import { fleetSettingsCommand } from './fleet-settings.ts';
import { stalledCommand } from './fleet-stalled.ts';
import { workerTokenCommands } from './fleet-tokens.ts';
import { versionsCommand } from './fleet-versions.ts';
import { waitingCommand } from './fleet-waiting.ts';
import { workerCommands } from './fleet-workers.ts';

export function fleetCommand(around: Surroundings): Command {
  return group('fleet', 'Enrollment keys, workers and where runs go', {
    commands: [
      ...enrollmentKeyCommands(around),
      ...workerCommands(around),
      ...workerTokenCommands(around),
      fleetSettingsCommand(around),
      ...routingCommands(around),
      ...scalingCommands(around),
      deadLettersCommand(around),
      retentionCommand(around),
      anomalyCommands(around),
      fleetAuditCommand(around),
      poolsCommand(around),
      versionsCommand(around),
      stalledCommand(around),
      encryptionCommand(around),
      ...limitCommands(around),
      waitingCommand(around),
    ],
    examples: [
      'sagewai fleet create-key --org acme --name gpu-onboarding --max-uses 10 --expires 7d',
      'sagewai fleet register --gateway https://sagewai.internal:8000 --enrollment-key sk-fleet-…',
      'sagewai fleet list-workers --org acme --status pending',
      'sagewai fleet approve-worker ID',
      'sagewai fleet rotate-key ID --overlap 1h',
      'sagewai fleet encryption enable',
      'sagewai fleet projects set research --max-running 20 --weight 2',
      'sagewai fleet pause --pool gpu',
    ],
  });
}

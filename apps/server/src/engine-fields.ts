import { field } from '@sagewai/config';
import { checkCommands } from '@sagewai/engines';

import { MINUTE_MS, SECOND_MS } from './fleet-setting.ts';

/** Servers of models on the installation's own machines. */
export const engineFields = {
  ENGINE_COMMANDS: field.list({
    default: [],
    check: checkCommands,
    description:
      'Command lines that engines may be started by, name=/program arguments, with {model}, {port} and others; none unless named',
  }),
  ENGINE_HOST: field.string({
    default: '127.0.0.1',
    description: 'The address by which other servers reach the engines that this one has started',
  }),
  ENGINE_PRIVATE_HOSTS: field.list({
    default: ['127.0.0.1', 'localhost'],
    description: 'Hosts in private networks that engines may be at: host or host:port',
  }),
  ENGINE_HEALTH_INTERVAL: field.duration({
    default: 10 * SECOND_MS,
    min: 50,
    description:
      'How often engines are asked whether they answer; three times in a row without one is a failure',
  }),
  ENGINE_START_TIMEOUT: field.duration({
    default: 10 * MINUTE_MS,
    min: SECOND_MS,
    description: 'How long an engine may take to load its model',
  }),
  ENGINE_DRAIN_TIMEOUT: field.duration({
    default: 30 * SECOND_MS,
    min: 0,
    description: 'How long calls of an engine may go on that is drained',
  }),
} as const;

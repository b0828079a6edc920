import { field } from '@sagewai/config';

import { DAY_MS, MINUTE_MS, SECOND_MS } from './fleet-setting.ts';

/** The tool gateway. */
export const toolFields = {
  TOOL_PRIVATE_HOSTS: field.list({
    default: [],
    description: 'Hosts in private networks that tools may be at: host or host:port',
  }),
  TOOL_COMMANDS: field.list({
    default: [],
    description:
      'Command lines, the program by its whole path with all its arguments, that may be started as MCP servers over stdio; none unless named',
  }),
  TOOL_TIMEOUT: field.duration({
    default: 30 * SECOND_MS,
    min: 10,
    max: 10 * MINUTE_MS,
    description: 'How long a call of a tool may take that says nothing of it',
  }),
  TOOL_CALL_GRACE: field.duration({
    default: 5 * SECOND_MS,
    min: 10,
    description: 'After the time of a call, whose end was not written, so long until it is unknown',
  }),
  TOOL_DECISION_TIMEOUT: field.duration({
    default: 7 * DAY_MS,
    min: SECOND_MS,
    description: 'How long a call waits for somebody to approve it',
  }),
  TOOL_APPROVAL_LIFETIME: field.duration({
    default: DAY_MS,
    min: SECOND_MS,
    description: 'How long an approved call may still be made',
  }),
  TOOL_CALL_RETENTION: field.duration({
    default: 90 * DAY_MS,
    min: MINUTE_MS,
    description: 'How long calls of tools are kept with what they were given and answered',
  }),
} as const;

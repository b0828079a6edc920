import { field } from '@sagewai/config';

/** What a server is told of single calls. */
export const callFields = {
  PROVIDER_ADDRESSES: field.oneOf(['local', 'everyone', 'nobody'], {
    description:
      'Who is told at which address a provider could not be reached: callers on the same machine (that call it by a loopback name, and through no proxy that says so in its headers), all, or none. The log always is.',
    default: 'local',
  }),
  TOKEN_COUNTS_PER_MINUTE: field.integer({
    description:
      'How often each caller may have tokens counted a minute, which is free, at each server.',
    default: 600,
    min: 0,
  }),
  REASONING_AFFINITY_MAX: field.integer({
    description:
      'Of how many pieces of sealed thinking each server remembers which account of a provider made them, where a model has several; 0: of none.',
    default: 50_000,
    min: 0,
    max: 10_000_000,
  }),
  ROUTING_DECISIONS: field.oneOf(['choices', 'all'], {
    description:
      'Which calls leave a record of how they were routed: those that had a choice, or all of them.',
    default: 'choices',
  }),
};

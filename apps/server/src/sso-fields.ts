import { field } from '@sagewai/config';

/** Sign-in at identity providers of organizations. */
export const ssoFields = {
  PUBLIC_URL: field.url({
    default: null,
    description:
      'The address under which browsers reach this server; none: the one that each request names',
    schemes: ['http', 'https'],
  }),
  SSO_PRIVATE_HOSTS: field.list({
    default: [],
    description:
      'Identity providers in private networks, or on plain HTTP there: host or host:port',
  }),
  SSO_TIMEOUT: field.duration({
    default: 10_000,
    min: 100,
    description: 'How long an identity provider may take to answer',
  }),
  SSO_CLOCK_TOLERANCE: field.duration({
    default: 30_000,
    min: 0,
    max: 300_000,
    description: 'How far the clock of an identity provider may be off',
  }),
  SSO_DISCOVERY_TTL: field.duration({
    default: 600_000,
    min: 1_000,
    description: 'How long it is believed what an identity provider says of itself',
  }),
  SSO_LOGIN_TTL: field.duration({
    default: 600_000,
    min: 1_000,
    description: 'How long somebody may take to sign in at an identity provider',
  }),
  SSO_HANDOVER_TTL: field.duration({
    default: 60_000,
    min: 1_000,
    description: 'How long a command line may take to come for the session of its browser',
  }),
  SSO_STARTS_PER_MINUTE: field.integer({
    default: 60,
    min: 1,
    description: 'Sign-ins at identity providers that one address may begin in a minute',
  }),
} as const;

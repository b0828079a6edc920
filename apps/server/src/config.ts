import { type Config, field } from '@sagewai/config';
import { checkJwtSecret, checkMasterKey } from '@sagewai/crypto';
import { gatewayFields } from '@sagewai/gateway';
import { findTokenWeakness } from '@sagewai/identity';

import { bootstrapFields } from './bootstrap-fields.ts';
import { encryptionFields } from './encryption/encryption-fields.ts';
import { engineFields } from './engine-fields.ts';
import { fleetFields } from './fleet-fields.ts';
import { intelligenceFields } from './intelligence-fields.ts';
import { ledgerFields } from './ledger-fields.ts';
import { objectFields } from './object-fields.ts';
import { PLANES } from './planes.ts';
import { projectFields } from './projects/project-fields.ts';
import { checkPrefixes } from './secrets/stored-references.ts';
import { signInFields } from './sign-in-fields.ts';
import { softBudgetFields } from './soft-budget-fields.ts';
import { ssoFields } from './sso-fields.ts';
import { toolFields } from './tool-fields.ts';
import { traceFields } from './trace-fields.ts';

const optional = { default: null } as const;
const postgres = ['postgres', 'postgresql'] as const;

/** Every setting of a server. The names are promises: compose files and manifests carry them. */
export const SERVER_FIELDS = {
  HOST: field.string({
    default: '127.0.0.1',
    description: 'The address to listen on; 0.0.0.0 is every one',
    flag: 'host',
  }),
  PORT: field.integer({
    default: 8000,
    min: 0,
    max: 65_535,
    description: 'The port to listen on; 0 takes a free one',
    flag: 'port',
  }),
  TLS_CERT_FILE: field.string({
    ...optional,
    description:
      'Serves HTTPS with this certificate and its chain (PEM); read again when it changes',
    flag: 'tls-cert',
  }),
  TLS_KEY_FILE: field.string({
    ...optional,
    description: 'The key of TLS_CERT_FILE (PEM)',
    flag: 'tls-key',
  }),
  TLS_RELOAD_INTERVAL: field.duration({
    default: 10_000,
    min: 50,
    description: 'How often the certificate and its key are looked at for a change',
  }),
  MTLS_PORT: field.integer({
    ...optional,
    min: 0,
    max: 65_535,
    description: 'Also listens here for workers that show a certificate of their own key',
    flag: 'mtls-port',
  }),
  PLANES: field.list({
    default: PLANES,
    description: 'Which planes this process serves',
    flag: 'planes',
    check: (names) => {
      const unknown = names.filter((name) => !PLANES.includes(name));
      return unknown.length > 0 ? `expected some of ${PLANES.join(', ')}` : null;
    },
  }),
  SAGEWAI_CONFIG: field.string({
    ...optional,
    description: 'A litellm-config.yaml with models, prices and providers',
    flag: 'config',
  }),
  MODELS_FILE_INTERVAL: field.duration({
    default: 5_000,
    min: 100,
    description: 'How often that file is looked at for a change',
  }),
  SECRETS_LIFETIME: field.duration({
    default: 300_000,
    min: 100,
    description: 'How long a credential of a models file that stands elsewhere is used unread',
  }),
  STORED_SECRET_PREFIXES: field.list({
    default: [],
    description:
      'How references begin that may be stored in models and credentials of projects; {organization} and {project} are ids',
    check: checkPrefixes,
  }),
  SAGEWAI_HOME: field.string({
    default: '~/.sagewai',
    description: 'Where secrets that were made at first start are kept',
    flag: 'home',
  }),

  DATABASE_URL: field.url({ description: 'PostgreSQL, 15 or newer', schemes: postgres }),
  MIGRATION_DATABASE_URL: field.url({
    ...optional,
    description: "The owner's login, when the serving login may not change the schema",
    schemes: postgres,
  }),
  DATABASE_POOL_MAX: field.integer({
    default: 16,
    min: 2,
    max: 500,
    description: 'Connections for requests',
  }),
  DISPATCH_POOL_MAX: field.integer({
    default: 4,
    min: 1,
    max: 100,
    description: 'Connections for dispatch',
  }),
  DATABASE_PREPARED_STATEMENTS: field.boolean({
    default: true,
    description: 'Off behind a transaction-mode pooler',
  }),
  DATABASE_WAIT: field.duration({
    default: 120_000,
    bareUnit: 's',
    description: 'How long a database that is not up yet is waited for',
  }),
  DATABASE_TIMEOUT: field.duration({
    default: 15_000,
    min: 100,
    description:
      'A statement of a request that is not answered for so long has lost its connection',
  }),
  DATABASE_JOB_TIMEOUT: field.duration({
    default: 35_000,
    min: 100,
    description: 'The same for background work; PostgreSQL itself ends a statement after 30 s',
  }),
  REDIS_URL: field.url({
    ...optional,
    description:
      'Wakes between servers go through it, which is quicker; nothing is lost without it',
    schemes: ['redis', 'rediss'],
  }),
  REDIS_ANSWERS: field.boolean({
    default: true,
    description: 'Whether answers that are kept are found by all servers, sealed, in that Redis',
  }),
  REDIS_PREFIX: field.string({
    default: 'sagewai:',
    description: 'Before each channel and key, where several installations share a Redis',
  }),

  JWT_SECRET: field.secret({
    ...optional,
    description: 'Signs worker tokens; made at first start when missing',
    check: checkJwtSecret,
  }),
  SAGEWAI_ENCRYPTION_KEY: field.secret({
    ...optional,
    description: 'A Fernet key, or 32 bytes in base64url or hex; made at first start when missing',
    check: checkMasterKey,
  }),
  ...encryptionFields,
  SAGEWAI_ADMIN_TOKEN: field.secret({
    ...optional,
    description: "The administrator's token; made and shown once when missing",
    check: findTokenWeakness,
  }),
  SAGEWAI_ORGANIZATION: field.string({
    default: 'default',
    description: 'The first organization, made when there is none',
  }),

  ...bootstrapFields,
  ...projectFields,
  ...signInFields,
  ...toolFields,
  ...intelligenceFields,
  ...engineFields,

  ROUTING_DECISION_RETENTION: field.duration({
    default: 90 * 86_400_000,
    min: 86_400_000,
    description: 'How long it is kept how calls found their way; dropped by the month',
  }),

  ...gatewayFields,

  ...ledgerFields,
  ...softBudgetFields,
  ...fleetFields,
  JOB_LOOK_INTERVAL: field.duration({
    default: 500,
    min: 50,
    description:
      'How often it is asked what background work has to do, while something is due soon',
  }),
  JOB_IDLE_LOOK_INTERVAL: field.duration({
    default: 2_000,
    min: 50,
    description: 'The same while nothing is: what comes up may wait so long',
  }),

  BODY_BYTES_MAX: field.integer({
    default: 8 * 1024 * 1024,
    min: 1_024,
    description: 'The largest body of a request; encrypted, an output takes a third more',
  }),
  UPLOAD_BYTES_MAX: field.integer({
    default: 100 * 1024 * 1024,
    min: 1_024,
    description: 'The largest form: pictures, recordings, files of batches',
  }),
  UPLOADS_BYTES_MAX: field.integer({
    default: 512 * 1024 * 1024,
    min: 1_024,
    description:
      'All forms that a server keeps in memory at one moment; another is told to come again',
  }),
  ...objectFields,
  ...traceFields,
  ...ssoFields,
  TRUSTED_PROXIES: field.list({
    default: [],
    description: 'Addresses whose X-Forwarded-For is believed',
  }),
  WEBHOOK_PRIVATE_HOSTS: field.list({
    default: [],
    description:
      'Hosts in private networks that webhooks and log collectors may be at: host or host:port',
  }),
  METRICS_PUBLIC: field.boolean({
    default: false,
    description: 'Whether /metrics is open to everybody',
  }),
  CONSOLE_DIR: field.string({
    ...optional,
    description: 'The folder of the built console; without it browsers get the endpoint map too',
  }),
  LOG_LEVEL: field.logLevel({
    default: 'info',
    description: 'The least that is logged',
    flag: 'log-level',
  }),
  DRAIN_TIMEOUT: field.duration({
    default: 25_000,
    description: 'How long requests may go on after a signal to stop',
  }),
  TEST_CLOCK_OFFSET_SECONDS: field.integer({
    default: 0,
    description: 'Moves business time, to test midnight and expiry; never in production',
  }),
} as const;

export type ServerConfig = Config<typeof SERVER_FIELDS>;

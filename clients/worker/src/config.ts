import { hostname } from 'node:os';

import { type Config, field } from '@sagewai/config';

import { ollamaUrl } from './ollama-url.ts';

const optional = { default: null } as const;

export const POOL_DEFAULT = 'default';

/** Every setting of a worker. The names are promises: compose files and manifests carry them. */
export const WORKER_FIELDS = {
  FLEET_GATEWAY_URL: field.url({
    description: 'The server that this worker belongs to',
    schemes: ['http', 'https'],
    flag: 'gateway',
  }),
  SAGEWAI_CA_FILE: field.string({
    ...optional,
    description: 'A private authority (PEM) that vouches for the server, beside those Node trusts',
    flag: 'ca-file',
  }),
  WORKER_MTLS: field.boolean({
    default: false,
    description: 'Connections to the server show a certificate of the worker’s own key pair',
    flag: 'mtls',
  }),
  ENROLLMENT_KEY: field.secret({
    ...optional,
    description: 'Enrolls the worker at its first start (or a WRT_TOKEN)',
    flag: 'enrollment-key',
  }),
  WRT_TOKEN: field.secret({
    ...optional,
    description: 'A pre-issued worker token (or an ENROLLMENT_KEY)',
    check: (text) =>
      text.startsWith('wrt-')
        ? null
        : 'expected a worker token (wrt-1.…); an enrollment key goes into ENROLLMENT_KEY',
  }),
  WORKER_NAME: field.string({
    default: hostname(),
    description: 'How the worker shows in lists',
    flag: 'name',
  }),
  WORKER_ORGANIZATION: field.string({
    default: '',
    description: 'The organization to register in without a key',
    flag: 'org',
  }),
  WORKER_PROJECT: field.string({
    default: '',
    description: 'The project whose runs alone it takes, by name or id; every project unless said',
    flag: 'project',
  }),
  WORKER_POOL: field.string({
    default: POOL_DEFAULT,
    description: 'The pool it serves',
    flag: 'pool',
  }),
  WORKER_LABELS: field.labels({
    default: {},
    description: 'Labels that runs may ask for, as region=us-east-1,tier=production',
    flag: 'labels',
  }),
  WORKER_VERSION: field.string({
    default: '',
    description: 'Version of its code, which runs may pin and pools may ramp',
    flag: 'version-label',
  }),
  WORKER_MODELS: field.list({
    default: [],
    description: 'Models it can run, by comma',
    flag: 'models',
  }),
  WORKER_WORKFLOWS: field.list({
    default: [],
    description: 'Modules whose workflows it runs beside the built-in agent, or `batch`, by comma',
    flag: 'workflows',
  }),
  WORKER_EXEC_FILE: field.string({
    default: '',
    description:
      'Commands that runs of `exec` and `finetune` may start (YAML, writable by nobody else)',
    flag: 'exec-file',
  }),
  WORKER_MAX_CONCURRENT: field.integer({
    default: 4,
    min: 1,
    max: 1_000,
    description: 'Runs at the same time',
    flag: 'max-concurrent',
  }),
  HEARTBEAT_INTERVAL: field.duration({
    default: 30_000,
    min: 100,
    bareUnit: 's',
    description: 'Between two signs of life (a bare number is seconds)',
    flag: 'heartbeat-interval',
  }),
  WORKER_PROBE: field.oneOf(['list', 'completion', 'off'], {
    default: 'list',
    description: 'How its back ends are asked: for their models, for one token (may cost), or not',
  }),
  PROBE_INTERVAL: field.duration({
    default: 60_000,
    min: 100,
    bareUnit: 's',
    description: 'Between two probes, and up to a fifth more',
  }),
  PROBE_TIMEOUT: field.duration({
    default: 5_000,
    min: 10,
    bareUnit: 's',
    description: 'How long a back end may take to answer a probe',
  }),
  POLL_TIMEOUT: field.duration({
    default: 30_000,
    min: 0,
    max: 60_000,
    bareUnit: 's',
    description: 'How long a poll waits for work',
  }),
  SERVER_WAIT: field.duration({
    default: 300_000,
    bareUnit: 's',
    description: 'How long a server that is not up yet is waited for',
  }),
  DRAIN_TIMEOUT: field.duration({
    default: 30_000,
    bareUnit: 's',
    description: 'How long runs may go on after a signal to stop',
  }),
  EXIT_WHEN_DRAINED: field.boolean({
    default: false,
    description: 'Ends when an administrator has asked it to go and it holds nothing more',
    flag: 'exit-when-drained',
  }),
  LEAVE_ON_STOP: field.boolean({
    default: false,
    description: 'A signal to stop means that it does not come back, as a pod: the server is told',
    flag: 'leave-on-stop',
  }),
  SAGEWAI_HOME: field.string({
    default: '~/.sagewai',
    description: 'Where the worker keeps its credential',
    flag: 'home',
  }),
  WORKER_CREDENTIALS_FILE: field.string({
    default: '',
    description: 'Model credentials and overrides (YAML or JSON, mode 0600); stays here',
    flag: 'creds-file',
  }),
  WORKER_SEAL_KEY_FILE: field.string({
    default: '',
    description: 'A private key (PEM, mode 0600) that opens sealed payloads, the same for a pool',
    flag: 'seal-key-file',
  }),
  OPENAI_API_KEY: field.secret({ ...optional, description: 'Own credential for OpenAI' }),
  OPENAI_BASE_URL: field.url({
    default: 'https://api.openai.com/v1',
    description: 'Where OpenAI is reached',
    schemes: ['http', 'https'],
  }),
  ANTHROPIC_API_KEY: field.secret({ ...optional, description: 'Own credential for Anthropic' }),
  ANTHROPIC_BASE_URL: field.url({
    default: 'https://api.anthropic.com/v1',
    description: 'Where Anthropic is reached',
    schemes: ['http', 'https'],
  }),
  OLLAMA_HOST: field.string({
    default: 'localhost:11434',
    description: 'Where Ollama is reached: a host, with a port or 11434, or a URL',
    check: (text) => (ollamaUrl(text) === null ? 'expected a host, host:port or http URL' : null),
  }),
} as const;

export type WorkerConfig = Config<typeof WORKER_FIELDS>;

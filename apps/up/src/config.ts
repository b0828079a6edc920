import { type Config, field } from '@sagewai/config';

/** Every setting of `up` itself; the server and the workers it starts have their own. */
export const UP_FIELDS = {
  PORT: field.integer({
    default: 8000,
    min: 0,
    max: 65_535,
    description: 'The port of the server; 0 takes a free one',
    flag: 'port',
  }),
  WORKERS: field.integer({
    default: 2,
    min: 0,
    max: 64,
    description: 'How many local workers',
    flag: 'workers',
  }),
  SAGEWAI_HOME: field.string({
    default: '~/.sagewai',
    description: 'Where everything is kept: data, secrets, logs',
    flag: 'home',
  }),
  SAGEWAI_CONFIG: field.string({
    default: null,
    description: 'A litellm-config.yaml with models, prices and providers',
    flag: 'config',
  }),
  SAGEWAI_ADMIN_TOKEN: field.secret({
    default: null,
    description: "The administrator's token; made at first start when missing",
  }),
  SAMPLE_MODEL: field.string({
    default: 'simulated',
    description: 'The model of the sample run; anything but the simulated one may cost money',
    flag: 'sample-model',
  }),
  OLLAMA_HOST: field.url({
    default: 'http://localhost:11434',
    description: 'An Ollama that is served when it answers',
    schemes: ['http', 'https'],
    defaultScheme: 'http',
  }),
  START_TIMEOUT: field.duration({
    default: 120_000,
    description: 'How long the server may take to get ready',
  }),
} as const;

export type UpConfig = Config<typeof UP_FIELDS>;

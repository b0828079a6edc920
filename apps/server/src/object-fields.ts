import { field } from '@sagewai/config';

const optional = { default: null } as const;

/** Payloads and outputs, and where they are kept when they are large. */
export const objectFields = {
  PAYLOAD_BYTES_MAX: field.integer({
    default: 6_000_000,
    min: 1_024,
    max: 64 * 1024 * 1024,
    description: 'The largest payload or output of a run, as JSON; no more than a body can hold',
  }),
  OBJECT_THRESHOLD_BYTES: field.integer({
    default: 128 * 1024,
    min: 1_024,
    description: 'A payload or output of more bytes is kept in the object store',
  }),
  OBJECT_STORE_URL: field.url({
    ...optional,
    description: 'file:///folder or s3://bucket/prefix (default: files in SAGEWAI_HOME/objects)',
    schemes: ['file', 's3'],
  }),
  OBJECT_STORE_ENDPOINT: field.url({
    ...optional,
    description: 'Where the S3 API is, if not at AWS',
    schemes: ['http', 'https'],
  }),
  OBJECT_STORE_REGION: field.string({
    ...optional,
    description: 'The region of the bucket (default: us-east-1)',
  }),
  OBJECT_STORE_PATH_STYLE: field.boolean({
    ...optional,
    description: "Whether the bucket stands in the path (default: at an endpoint of one's own)",
  }),
  AWS_ACCESS_KEY_ID: field.string({ ...optional, description: 'Signs calls of the object store' }),
  AWS_SECRET_ACCESS_KEY: field.secret({
    ...optional,
    description: 'Signs calls of the object store',
  }),
  AWS_SESSION_TOKEN: field.secret({ ...optional, description: 'Of temporary credentials' }),
  OBJECT_GRACE: field.duration({
    default: 3_600_000,
    min: 120_000,
    description: 'An object that no run refers to is removed when it is older than this',
  }),
  OBJECT_SWEEP_INTERVAL: field.duration({
    default: 3_600_000,
    min: 50,
    description: 'How often such objects are looked for',
  }),
} as const;

// What the server is configured with must not reach workers: they have credentials of their own, or none.
const NOT_FOR_WORKERS: readonly string[] = [
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_BEARER_TOKEN_BEDROCK',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'VAULT_TOKEN',
  'VAULT_ROLE_ID',
  'VAULT_SECRET_ID',
  'DATABASE_URL',
  'MIGRATION_DATABASE_URL',
  'SAGEWAI_ADMIN_TOKEN',
  'SAGEWAI_ENCRYPTION_KEY',
  'JWT_SECRET',
  'LITELLM_API_KEY',
  'LITELLM_MASTER_KEY',
  'ENROLLMENT_KEY',
  'WRT_TOKEN',
  'WORKER_ORGANIZATION',
  'WORKER_LABELS',
  'PORT',
];

/** As the models file names what stands in the environment. */
const NAMED = /\bos\.environ\/([A-Za-z_]\w*)/g;

export function environmentForWorkers(
  environment: Readonly<Record<string, string | undefined>>,
  modelsFile: string,
): Record<string, string | undefined> {
  const named = [...modelsFile.matchAll(NAMED)].map(([, name]) => name);
  const hidden = new Set([...NOT_FOR_WORKERS, ...named]);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !hidden.has(name)));
}

/** A worker can be registered for so many. */
const MODELS_MAX = 200;

/** The first of a long list, and the one that the sample run needs. */
export function modelsForWorkers(models: readonly string[], sample: string): readonly string[] {
  if (models.length <= MODELS_MAX) return models;
  const first = models.includes(sample) ? [sample] : [];
  return [...first, ...models.filter((model) => model !== sample)].slice(0, MODELS_MAX);
}

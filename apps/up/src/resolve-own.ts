import { UP_FIELDS } from './config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const LOOKS_LIKE_ONE = /^(?:vault|aws-sm|gcp-sm|env|file):/;

/**
 * The environment with the values of `up`'s own settings in place of references. The others are for the server, which
 * resolves them itself. What resolves them is loaded where there is one.
 */
export async function resolveOwn(environment: Environment): Promise<Environment> {
  const isReference = (value: string | undefined): boolean => LOOKS_LIKE_ONE.test(value ?? '');
  const own = Object.keys(UP_FIELDS);
  if (!own.some((name) => isReference(environment[name]))) return environment;
  const { resolveSecrets } = await import('@sagewai/server');
  const given = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => own.includes(name) || !isReference(value),
    ),
  );
  const resolved = await resolveSecrets(given, { settings: own });
  return resolved.environment;
}

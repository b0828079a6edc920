import { ConfigError, findMisspellings, readConfig } from '@sagewai/config';
import { readModels, resolveSecrets, SERVER_FIELDS, type ServerConfig } from '@sagewai/server';

import { failure, type Finding, ok, warning } from '../finding.ts';
import type { ProviderPlace } from './providers.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly findings: readonly Finding[];
  /** Null when they are not valid: nothing else can be looked at. */
  readonly config: ServerConfig | null;
  readonly providers: readonly ProviderPlace[];
}

const EXPLAIN = '`sagewai config explain server` lists every setting.';

/** Everything that is wrong with the settings and the models file, a finding each. */
export async function checkSettings(
  flags: Readonly<Record<string, string>>,
  given: Environment,
): Promise<Settings> {
  const spelling = findMisspellings(Object.keys(SERVER_FIELDS), given).map(({ name, suggestion }) =>
    warning('settings', `${name} is not a setting`, `Did you mean ${suggestion}?`),
  );
  try {
    const { environment } = await resolveSecrets(given, { settings: Object.keys(SERVER_FIELDS) });
    const config = readConfig(SERVER_FIELDS, { flags, environment });
    const { config: models, notices } = await readModels(config, environment);
    const unused = notices.map(({ line, path, what }) =>
      warning('models', `${path}: ${what}`, `See line ${line} of ${config.sagewaiConfig}.`),
    );
    const providers = [...models.sources, ...models.deployments].map(({ endpoint }) => endpoint);
    const findings = [...spelling, ok('settings', 'they are valid'), ...unused];
    return { findings, config, providers };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mistakes = error.mistakes.map((mistake) => failure('settings', mistake, EXPLAIN));
    return { findings: [...spelling, ...mistakes], config: null, providers: [] };
  }
}

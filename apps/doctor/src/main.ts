import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';

import { ConfigError, findMisspellings, readConfig } from '@sagewai/config';
import { SERVER_FIELDS, type ServerConfig } from '@sagewai/server';

import { checkDatabase } from './checks/database.ts';
import { checkDisk } from './checks/disk.ts';
import { checkEmbedded } from './checks/embedded.ts';
import { checkNode } from './checks/node.ts';
import { checkPort } from './checks/port.ts';
import { checkProviders, type ProviderPlace } from './checks/providers.ts';
import { checkSecrets } from './checks/secrets.ts';
import { failure, type Finding, ok, warning, worstOf } from './finding.ts';

const HELP = `Usage: sagewai doctor [--home DIR] [--port N] [--json]

Looks at Node, settings, ports, database, migrations, clock, keys, providers and disk, and says
what mends each finding. Exit code: 0 all is well, 1 the worst is a warning, 2 something fails.
`;

const OPTIONS = {
  home: { type: 'string' },
  port: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Looks for what is wrong here. Returns the process's exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let flags: ReturnType<typeof parseFlags>;
  try {
    flags = parseFlags(words);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 2;
  }
  if (flags.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const { json, help: _, ...given } = flags;
  const findings = await examine(given);
  if (json === true) process.stdout.write(`${JSON.stringify({ findings })}\n`);
  else for (const finding of findings) process.stdout.write(`${lineOf(finding)}\n`);
  return worstOf(findings);
}

function parseFlags(words: readonly string[]) {
  return parseArgs({ args: [...words], options: OPTIONS, strict: true }).values;
}

async function examine(flags: Record<string, string>): Promise<Finding[]> {
  const environment = process.env;
  const hasDatabase = Boolean(environment['DATABASE_URL']);
  // Without one, `up` would start its own: the rest of the settings is checked all the same.
  const filled = hasDatabase
    ? environment
    : { ...environment, DATABASE_URL: 'postgresql://up@/up' };
  const node = checkNode(process.versions.node);
  const spelling = checkSpelling(environment);
  let config: ServerConfig;
  try {
    config = readConfig(SERVER_FIELDS, { flags, environment: filled });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = '`sagewai config explain server` lists every setting.';
    return [node, ...spelling, failure('settings', error.message, mend)];
  }
  const home = resolve(config.sagewaiHome.replace(/^~(?=\/|$)/, homedir()));
  const database = hasDatabase
    ? checkDatabase({
        url: config.databaseUrl,
        ownerUrl: config.migrationDatabaseUrl ?? config.databaseUrl,
      })
    : checkEmbedded(home);
  const secrets = checkSecrets(home, {
    jwtSecret: config.jwtSecret !== null,
    encryptionKey: config.sagewaiEncryptionKey !== null,
    inKubernetes: environment['KUBERNETES_SERVICE_HOST'] !== undefined,
  });
  return [
    node,
    ...spelling,
    ok('settings', 'they are valid'),
    await checkPort(config.host, config.port),
    ...(await database),
    ...(await secrets),
    ...(await checkProviders(providersOf(config))),
    await checkDisk(home),
  ];
}

function checkSpelling(environment: NodeJS.ProcessEnv): Finding[] {
  return findMisspellings(Object.keys(SERVER_FIELDS), environment).map(({ name, suggestion }) =>
    warning('settings', `${name} is not a setting`, `Did you mean ${suggestion}?`),
  );
}

function providersOf(config: ServerConfig): ProviderPlace[] {
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
  const places: ProviderPlace[] = [];
  if (config.openaiApiKey !== null || config.openaiBaseUrl !== null) {
    const headers = config.openaiApiKey === null ? {} : bearer(config.openaiApiKey.reveal());
    const url = config.openaiBaseUrl ?? 'https://api.openai.com/v1';
    places.push({ name: 'OpenAI', url, headers });
  }
  if (config.anthropicApiKey !== null) {
    const key = config.anthropicApiKey.reveal();
    const headers = { 'x-api-key': key, 'anthropic-version': '2023-06-01' };
    places.push({ name: 'Anthropic', url: config.anthropicBaseUrl, headers });
  }
  if (config.ollamaHost !== null) {
    places.push({ name: 'Ollama', url: `${config.ollamaHost}/v1`, headers: {} });
  }
  if (config.litellmProxyUrl !== null) {
    const headers = config.litellmApiKey === null ? {} : bearer(config.litellmApiKey.reveal());
    places.push({ name: 'LiteLLM', url: `${config.litellmProxyUrl}/v1`, headers });
  }
  return places;
}

const MARKS = {
  ok: ['green', 'ok     '],
  warning: ['yellow', 'warning'],
  failure: ['red', 'FAILURE'],
} as const;

function lineOf({ check, level, found, mend }: Finding): string {
  const [colour, word] = MARKS[level];
  const mark = process.stdout.isTTY && !process.env['NO_COLOR'] ? styleText(colour, word) : word;
  return `${mark}  ${check.padEnd(10)}  ${found}${mend === null ? '' : `\n           ${''.padEnd(10)} ${mend}`}`;
}

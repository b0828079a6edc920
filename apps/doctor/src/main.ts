import { homedir } from 'node:os';
import { parseArgs, styleText } from 'node:util';

import { expandHome } from '@sagewai/config';
import type { ServerConfig } from '@sagewai/server';

import { checkCertificate } from './checks/certificate.ts';
import { checkDatabase, type DatabaseFindings } from './checks/database.ts';
import { checkDisk } from './checks/disk.ts';
import { checkEmbedded } from './checks/embedded.ts';
import { checkJournal } from './checks/journal.ts';
import { checkNode } from './checks/node.ts';
import { checkObjects } from './checks/objects.ts';
import { checkPort } from './checks/port.ts';
import { checkProviders } from './checks/providers.ts';
import { checkSecrets } from './checks/secrets.ts';
import { checkSettings } from './checks/settings.ts';
import { type Finding, worstOf } from './finding.ts';

const HELP = `Usage: sagewai doctor [--home DIR] [--port N] [--config FILE] [--json]

Looks at Node, settings, the port, transport, database, migrations, clock, money, keys, object store, journal,
providers and disk, and says what mends each finding. Exit code: 0 all is well, 1 the worst is a warning, 2 something fails.
`;

const OPTIONS = {
  home: { type: 'string' },
  port: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Looks for what is wrong here. Returns the process's exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let flags: ReturnType<typeof parseFlags>;
  try {
    flags = parseFlags(words);
  } catch (error) {
    process.stderr.write(
      `${(error as Error).message}\n(\`sagewai doctor --help\` lists the options)\n`,
    );
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

/** Of the database, whichever it is. */
interface Examined extends DatabaseFindings {
  /** Where its files are, or will be, on this machine. */
  readonly dataDirs: readonly string[];
}

async function examine(flags: Record<string, string>): Promise<Finding[]> {
  const environment = process.env;
  const hasDatabase = Boolean(environment['DATABASE_URL']);
  // Without one, `up` would start its own: the rest of the settings is checked all the same.
  const filled = hasDatabase ? environment : { ...environment, DATABASE_URL: UP_STARTS_IT };
  const { findings, config, providers } = await checkSettings(flags, filled);
  const first = [checkNode(process.versions.node), ...findings];
  if (config === null) return first;
  const home = expandHome(config.sagewaiHome, homedir());
  const database = hasDatabase ? await checkExternal(config) : await checkOwn(home);
  return [
    ...first,
    await checkPort(config.host, config.port),
    await checkCertificate(config, new Date()),
    ...database.findings,
    ...(await checkSecrets({
      home,
      given: namesOfGiven(config),
      inDatabase: database.keptSecrets,
      inKubernetes: environment['KUBERNETES_SERVICE_HOST'] !== undefined,
    })),
    await checkObjects(config, {
      mayHaveReplicas: hasDatabase,
      isNamed: config.objectStoreUrl !== null,
    }),
    ...(await checkJournal(config.ledgerJournalDir)),
    ...(await checkProviders(providers)),
    ...(await checkDisk([home, ...database.dataDirs])),
  ];
}

const UP_STARTS_IT = 'postgresql://localhost/sagewai';

async function checkExternal(config: ServerConfig): Promise<Examined> {
  const { databaseUrl: url, migrationDatabaseUrl } = config;
  const examined = await checkDatabase({ url, ownerUrl: migrationDatabaseUrl ?? url });
  return { ...examined, dataDirs: [] };
}

async function checkOwn(home: string): Promise<Examined> {
  const { findings, dataDir, url } = await checkEmbedded(home);
  const dataDirs = dataDir === null ? [] : [dataDir];
  if (url === null) return { findings, keptSecrets: [], dataDirs };
  const inside = await checkDatabase({ url, ownerUrl: url });
  // That it is there is said already; only that it does not answer is new.
  const further = inside.findings.filter(
    ({ check, level }) => check !== 'database' || level !== 'ok',
  );
  return { findings: [...findings, ...further], keptSecrets: inside.keptSecrets, dataDirs };
}

function namesOfGiven({ jwtSecret, sagewaiEncryptionKey }: ServerConfig): string[] {
  return [
    ...(jwtSecret === null ? [] : ['JWT_SECRET']),
    ...(sagewaiEncryptionKey === null ? [] : ['SAGEWAI_ENCRYPTION_KEY']),
  ];
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

/**
 * docs/metrics.md names every metric of the product, with its labels. `UPDATE_METRICS=1` writes the
 * table anew; what the labels may be, and how many, is written by hand in the column "bounded by".
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { selfSign } from '@sagewai/certificate';
import { readConfig } from '@sagewai/config';
import type { ServerCertificate } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { FileStore } from '@sagewai/objects';
import type { DeclaredMetric } from '@sagewai/telemetry';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { SERVER_FIELDS } from './config.ts';
import { openDatabase } from './open-database.ts';
import { readModels } from './read-models.ts';
import { parseServerKeys } from './server-keys.ts';
import { buildServer } from './server.ts';

const FILE = 'docs/metrics.md';
const START = '<!-- table -->\n\n';
const END = '\n\n<!-- end of table -->';

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly labels: string;
  readonly bound: string;
  readonly help: string;
}

const cells = (row: Row): string =>
  `| \`${row.name}\` | ${row.kind} | ${row.labels} | ${row.bound} | ${row.help} |`;

function readTable(): { readonly before: string; readonly rows: Row[]; readonly after: string } {
  const text = readFileSync(FILE, 'utf8');
  const start = text.indexOf(START) + START.length;
  const end = text.indexOf(END);
  const rows = text
    .slice(start, end)
    .split('\n')
    .slice(2)
    .map((line) => {
      const [name = '', kind = '', labels = '', bound = '', help = ''] = line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim());
      return { name: name.replaceAll('`', ''), kind, labels, bound, help };
    });
  return { before: text.slice(0, start), rows, after: text.slice(end) };
}

const described = ({ name, kind, labels, help }: DeclaredMetric): Omit<Row, 'bound'> => ({
  name,
  kind,
  labels: labels.map((label) => `\`${label}\``).join(', ') || '–',
  help: help.replaceAll('|', '\\|'),
});

function makeCertificate(): ServerCertificate {
  const expiresAt = new Date(Date.now() + 86_400_000);
  const { certificate: cert, key } = selfSign({
    key: generateKeyPairSync('ed25519').privateKey,
    commonName: 'any',
    names: ['localhost'],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: expiresAt,
  });
  return { cert, key, expiresAt };
}

test('docs/metrics.md names every metric, its labels and what bounds them', async ({ url }) => {
  const secret = (): string => randomBytes(32).toString('base64url');
  const config = readConfig(SERVER_FIELDS, {
    environment: {
      DATABASE_URL: url,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      REDIS_URL: 'redis://127.0.0.1:1',
      LEDGER_JOURNAL_DIR: '/dev/null/never-made',
      OUTAGE_OPEN_FOR: '1m',
      OUTAGE_OPEN_CENTS: '100',
    },
  });
  const databases = await openDatabase(config, silentLog);
  const server = await buildServer({
    config,
    gatewayConfig: (await readModels(config, {})).config,
    databases,
    objects: new FileStore(join(tmpdir(), 'never-written')),
    keys: parseServerKeys(secret(), secret()),
    certificate: makeCertificate(),
    version: '0.0.0-test',
    log: silentLog,
    onOutdated: () => undefined,
  });
  const declared = server.metrics.declared().map(described);
  await server.stop(1_000);
  await databases.close();

  const { before, rows, after } = readTable();
  const bounds = new Map(rows.map(({ name, bound }) => [name, bound]));
  const expected = declared
    .map((metric) => ({
      ...metric,
      bound: bounds.get(metric.name) ?? (metric.labels === '–' ? '–' : ''),
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  if (process.env['UPDATE_METRICS'] === '1') {
    const head =
      '| metric | kind | labels | bounded by | what it tells |\n| --- | --- | --- | --- | --- |';
    writeFileSync(FILE, `${before}${[head, ...expected.map(cells)].join('\n')}${after}`);
  }
  expect(readTable().rows).toEqual(expected);
  expect(expected.filter(({ bound }) => bound === '').map(({ name }) => name)).toEqual([]);
});

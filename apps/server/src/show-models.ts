import { parseArgs } from 'node:util';

import { ConfigError, readConfig } from '@sagewai/config';
import { describeModels, noticeText } from '@sagewai/gateway';

import { SERVER_FIELDS } from './config.ts';
import { type Environment, readModels } from './read-models.ts';

const HELP = `Usage: sagewai gateway import FILE [--json]

Reads a litellm-config.yaml as the server would, with this environment, and shows what it became:
deployments, routing, and everything that is left out or not used, with its line. Starts nothing.
Exit code 2: the file has mistakes, and the server would not start with it.
`;

// Only what the file says is of interest: whatever else a server needs is not asked for.
const NOWHERE = 'postgresql://localhost/none';

/** What a models file became. Returns the exit code. */
export async function showModels(
  words: readonly string[],
  env: Environment,
  print: (text: string) => void,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: true,
  });
  const [file, ...others] = positionals;
  if (values.help === true) {
    print(HELP);
    return 0;
  }
  if (file === undefined || others.length > 0) {
    throw new ConfigError(['say one file: sagewai gateway import litellm-config.yaml']);
  }
  const environment = { DATABASE_URL: NOWHERE, ...env, SAGEWAI_CONFIG: file };
  const { config, notices } = await readModels(readConfig(SERVER_FIELDS, { environment }), env);
  const { deployments, routing } = describeModels(config);
  if (values.json === true) {
    print(`${JSON.stringify({ deployments, routing, notices }, null, 2)}\n`);
    return 0;
  }
  const sections = [
    columns(deployments),
    Object.entries(routing)
      .map(([name, value]) => `${name}: ${value ?? '-'}`)
      .join('\n'),
    notices.length === 0
      ? 'Everything in the file is used.'
      : ['Left out, or not used:', ...notices.map((each) => `  ${noticeText(each)}`)].join('\n'),
  ];
  print(`${sections.join('\n\n')}\n`);
  return 0;
}

function columns(rows: readonly Readonly<Record<string, string | number | null>>[]): string {
  const [first] = rows;
  if (first === undefined) return 'There is no deployment.';
  const names = Object.keys(first);
  const cells = [
    names.map((name) => name.replaceAll('_', ' ').toUpperCase()),
    ...rows.map((row) => names.map((name) => String(row[name] ?? '-'))),
  ];
  const widths = names.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

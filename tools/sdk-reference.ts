/** The reference of the SDK, from its source: each entry, each name, what its comment says, and its declaration. */
import { readFileSync } from 'node:fs';

import { type ExportedName, readExports } from './read-exports.ts';

const MANIFEST = 'clients/sdk/package.json';
const ROOT = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

const HEAD = `# Reference of the SDK

Written by \`node tools/generate-sdk-reference.ts\` from the source; not by hand. How it is used is in
[the SDK's page](../../clients/sdk/README.md) and in the guides of [agents](../guides/first-agent.md) and
[durable runs](../guides/durable-runs.md).
`;

export function sdkReference(): string {
  const { exports } = JSON.parse(read(MANIFEST)) as { exports: Record<string, string> };
  const entries = Object.entries(exports).map(([entry, file]) => {
    const path = `clients/sdk/${file.replace('./', '')}`;
    const names = readExports(path, read).toSorted((one, other) =>
      one.name.localeCompare(other.name, 'en'),
    );
    return `## \`@sagewai/sdk${entry.slice(1)}\`\n\n${names.map(show).join('\n')}`;
  });
  return `${HEAD}\n${entries.join('\n')}`;
}

function show({ name, file, comment, signature }: ExportedName): string {
  const said = comment === '' ? '' : `${comment}\n\n`;
  if (signature === '') return `### ${name}\n\nOf \`${file}\`.\n`;
  return `### ${name}\n\n${said}\`\`\`ts\n${signature.replace(/^export /, '')}\n\`\`\`\n`;
}

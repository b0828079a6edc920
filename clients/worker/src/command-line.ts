import { parseArgs } from 'node:util';

import { suggest } from '@sagewai/config';

import { WORKER_FIELDS } from './config.ts';

const HELP = `Usage: sagewai worker [options]

Enrolls with the server (once), long-polls for runs that match, and runs agents.

  --gateway URL               the server (FLEET_GATEWAY_URL)
  --enrollment-key KEY        enrolls it at the first start (ENROLLMENT_KEY; or a WRT_TOKEN)
  --name NAME                 how it shows in lists (WORKER_NAME; the host's name)
  --org NAME                  the organization, when it registers without a key
  --project NAME              takes this project's runs alone (WORKER_PROJECT)
  --pool POOL                 the pool it serves (WORKER_POOL; default)
  --labels k=v,…              labels that runs may ask for (WORKER_LABELS)
  --models a,b                models it can run (WORKER_MODELS)
  --max-concurrent N          runs at the same time (WORKER_MAX_CONCURRENT; 4)
  --heartbeat-interval TIME   between two signs of life (HEARTBEAT_INTERVAL; 30)
  --creds-file FILE           model credentials and overrides (WORKER_CREDENTIALS_FILE; mode 0600)
  --mtls                      shows a certificate of its key pair to the server (WORKER_MTLS)
  --home DIR                  where its credential is kept (SAGEWAI_HOME; ~/.sagewai)

\`sagewai config explain worker\` lists every setting. SIGTERM drains: running runs may end
within DRAIN_TIMEOUT (30s), then they go back to the queue.

Examples:
  sagewai worker --gateway http://localhost:8000 --enrollment-key sk-fleet-… --models gpt-4o
  FLEET_GATEWAY_URL=https://sagewai.internal:8000 WRT_TOKEN=wrt-1.… sagewai worker
`;

const flagNames = Object.values(WORKER_FIELDS).flatMap(({ flag }) => flag ?? []);
const switches = Object.values(WORKER_FIELDS).flatMap(({ flag, kind }) =>
  kind === 'boolean' && flag !== undefined ? `--${flag}` : [],
);
const OPTIONS = {
  ...Object.fromEntries(flagNames.map((flag) => [flag, { type: 'string' as const }])),
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  'explain-config': { type: 'boolean' },
} as const;

export type CommandLine =
  | { readonly kind: 'run'; readonly flags: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'explain';
      readonly flags: Readonly<Record<string, unknown>>;
      readonly json: boolean;
    }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'wrong'; readonly message: string };

export function parseFlags(words: readonly string[]): CommandLine {
  try {
    const args = withTruths(words);
    const { values } = parseArgs({ args, options: OPTIONS, strict: true });
    const { help, json, 'explain-config': explains, ...flags } = values;
    if (help === true) return { kind: 'help', text: HELP };
    if (explains === true) return { kind: 'explain', flags, json: json === true };
    return { kind: 'run', flags };
  } catch (error) {
    return { kind: 'wrong', message: `error: ${(error as Error).message}${nearest(words)}` };
  }
}

/** A switch may stand alone; a value is taken too, as from the environment. */
function withTruths(words: readonly string[]): string[] {
  return words.map((word, at) => {
    const isAlone = words[at + 1]?.startsWith('-') ?? true;
    return isAlone && switches.includes(word) ? `${word}=true` : word;
  });
}

function nearest(words: readonly string[]): string {
  const known = Object.keys(OPTIONS);
  const unknown = words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).replace(/=.*$/, ''))
    .find((name) => !known.includes(name));
  const meant = unknown === undefined ? null : suggest(unknown, known);
  return meant === null ? '' : ` Did you mean --${meant}?`;
}

import type { Log } from '@sagewai/embedded-postgres';

import type { Prepared } from './prepare.ts';
import type { SampleRun } from './sample-run.ts';

/** What is printed for people, and what for programs (`--json`). */
export interface Voice {
  /** For people: stdout, or stderr when stdout belongs to a program. */
  tell(text: string): void;
  /** For programs; silent without `--json`. */
  emit(fact: unknown): void;
}

export function createVoice(json: boolean): Voice {
  const people = json ? process.stderr : process.stdout;
  return {
    tell: (text) => void people.write(`${text}\n`),
    emit: (fact) => {
      if (json) process.stdout.write(`${JSON.stringify(fact)}\n`);
    },
  };
}

/** What PostgreSQL's supervisor has to tell, as lines for people. */
export function logFor(voice: Voice): Log {
  const tell = (message: string, fields?: Readonly<Record<string, unknown>>): void => {
    const error = fields?.['error'];
    voice.tell(error instanceof Error ? `${message}: ${error.message}` : message);
  };
  return { info: () => undefined, warn: tell, error: tell };
}

export interface Ready extends Prepared {
  readonly url: string;
  readonly home: string;
  /** The home is where commands look by themselves. */
  readonly usual: boolean;
  readonly models: readonly string[];
  readonly workers: number;
}

export const readyFact = (ready: Ready): Record<string, string> => ({
  url: ready.url,
  admin_token: ready.adminToken,
  virtual_key: ready.virtualKey,
  organization: ready.organization,
  project: ready.project,
  home: ready.home,
});

export function readyText(ready: Ready): string {
  const { url, home, models } = ready;
  const model = models[0] ?? 'simulated';
  const credentials = ready.first
    ? `  Administrator's token  ${ready.adminToken}
  Virtual key            ${ready.virtualKey}
                         (shown once; this home keeps them in ${home}/up.json)`
    : `  Credentials            as shown at the first start; kept in ${home}/up.json`;
  return `
Sagewai is up at ${url}  (in a browser: the console)

${credentials}
  Models                 ${models.join(', ')}
  Workers                ${ready.workers} local
  Home                   ${home}

Call a model${ready.first ? '' : ' (the first line takes the key from the home)'}:

  export SAGEWAI_KEY=${ready.first ? ready.virtualKey : keyOfHome(home)}
  curl ${url}/v1/chat/completions \\
    -H "Authorization: Bearer $SAGEWAI_KEY" -H "Content-Type: application/json" \\
    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'

Or with any OpenAI SDK:

  import OpenAI from 'openai';
  const client = new OpenAI({ baseURL: '${url}/v1', apiKey: process.env.SAGEWAI_KEY });
  await client.chat.completions.create({
    model: '${model}', messages: [{ role: 'user', content: 'Hello' }],
  });

Submit a run, in another terminal in this folder:

${commandText(ready)}
`;
}

/** The command line finds server and token by itself, unless its login or the home is another. */
function commandText({ login, url, usual, home }: Ready): string {
  const setting = usual ? '' : `  export SAGEWAI_HOME=${quote(home)}\n`;
  const submit = `  npx --no sagewai runs submit --model simulated --message "Hello" --wait`;
  if (login.kind === 'here') return setting + submit;
  return `${setting}  npx --no sagewai login --gateway ${url}
${submit}

  (You are logged in to ${login.url}, and stay so unless you run the login above.)`;
}

const keyOfHome = (home: string): string =>
  `$(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).virtualKey' ${quote(`${home}/up.json`)})`;

const quote = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

export function sampleText(run: SampleRun): string {
  const models = run.models_used.join(', ') || 'none';
  const simulated = models.includes('simulated') ? ' (simulated: no model was called)' : '';
  const result =
    run.state === 'completed' ? (run.output?.message ?? '') : `failed: ${run.error ?? ''}`;
  return `
  Run      ${run.id}
  State    ${run.state}
  Worker   ${run.worker_name ?? '-'}
  Model    ${models}${simulated}
  Tokens   ${run.input_tokens} in, ${run.output_tokens} out
  Cost     $${run.cost_usd}
  Result   ${result}
`;
}

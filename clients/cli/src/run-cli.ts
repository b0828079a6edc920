import { SagewaiError } from '@sagewai/sdk';
import { Command, CommanderError } from 'commander';

import manifest from '../package.json' with { type: 'json' };
import type { Surroundings } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

type Load = (around: Surroundings) => Promise<Command>;

/** Only the group that is asked for is loaded: help and mistakes are answered at once. */
const GROUPS: Readonly<Record<string, Load>> = {
  login: async (around) => (await import('./commands/login.ts')).loginCommand(around),
  setup: async (around) => (await import('./commands/setup.ts')).setupCommand(around),
  fleet: async (around) => (await import('./commands/fleet.ts')).fleetCommand(around),
  runs: async (around) => (await import('./commands/runs.ts')).runsCommand(around),
  workflows: async (around) => (await import('./commands/workflows.ts')).workflowsCommand(around),
  schedules: async (around) => (await import('./commands/schedules.ts')).schedulesCommand(around),
  triggers: async (around) => (await import('./commands/triggers.ts')).triggersCommand(around),
  key: async (around) => (await import('./commands/key.ts')).keyCommand(around),
  accounts: async (around) => (await import('./commands/accounts.ts')).accountsCommand(around),
  'service-accounts': async (around) =>
    (await import('./commands/accounts.ts')).serviceAccountsCommand(around),
  roles: async (around) => (await import('./commands/roles.ts')).rolesCommand(around),
  tokens: async (around) => (await import('./commands/tokens.ts')).tokensCommand(around),
  sessions: async (around) => (await import('./commands/sessions.ts')).sessionsCommand(around),
  chats: async (around) => (await import('./commands/chats.ts')).chatsCommand(around),
  index: async (around) => (await import('./commands/index-group.ts')).indexCommand(around),
  artifacts: async (around) => (await import('./commands/artifacts.ts')).artifactsCommand(around),
  engines: async (around) => (await import('./commands/engines.ts')).enginesCommand(around),
  projects: async (around) => (await import('./commands/projects.ts')).projectsCommand(around),
  budget: async (around) => (await import('./commands/budget.ts')).budgetCommand(around),
  budgets: async (around) => (await import('./commands/budgets.ts')).budgetsCommand(around),
  teams: async (around) => (await import('./commands/teams.ts')).teamsCommand(around),
  guardrails: async (around) => (await import('./commands/guardrails.ts')).guardrailsGroup(around),
  gateway: async (around) => (await import('./commands/gateway.ts')).gatewayCommand(around),
  models: async (around) => (await import('./commands/models.ts')).modelsCommand(around),
  ledger: async (around) => (await import('./commands/ledger.ts')).ledgerCommand(around),
  spend: async (around) => (await import('./commands/spend.ts')).spendCommand(around),
  alerts: async (around) => (await import('./commands/alerts.ts')).alertsCommand(around),
  encryption: async (around) =>
    (await import('./commands/encryption.ts')).encryptionKeysCommand(around),
  sso: async (around) => (await import('./commands/sso.ts')).ssoCommand(around),
  scim: async (around) => (await import('./commands/scim.ts')).scimCommand(around),
  tools: async (around) => (await import('./commands/tools.ts')).toolsCommand(around),
  webhooks: async (around) => (await import('./commands/webhooks.ts')).webhooksCommand(around),
  audit: async (around) => (await import('./commands/audit.ts')).auditCommand(around),
  completion: async (around) =>
    (await import('./commands/completion.ts')).completionCommand(around),
};

/** What the scripts of `completion` ask; no command of anybody's. */
const COMPLETE = '__complete';

/** Commands of other processes, so that a misspelt one is recognised too. */
const ELSEWHERE = [
  'up',
  'server',
  'worker',
  'doctor',
  'backup',
  'break-glass',
  'restore',
  'config',
] as const;

/** Runs one command line. Tells failures on the terminal; never throws. */
export async function runCli(
  words: readonly string[],
  around: Omit<Surroundings, 'end'>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const end = (how: ExitCode): void => {
    code = how;
  };
  try {
    if (words[0] === COMPLETE) return await offer(words.slice(1), { ...around, end });
    const program = await buildProgram(words[0] ?? '', { ...around, end });
    await program.parseAsync([...words], { from: 'user' });
    return code;
  } catch (thrown) {
    return around.signal.aborted ? EXIT.error : tell(around.terminal, thrown, words);
  }
}

/** For the shell: what may stand at the cursor, one a line. */
async function offer(words: readonly string[], around: Surroundings): Promise<ExitCode> {
  const { complete } = await import('./complete.ts');
  const program = await buildProgram(words[0] ?? '', around);
  around.terminal.out((await complete(program, words, around)).join('\n'));
  return EXIT.ok;
}

async function buildProgram(word: string, around: Surroundings): Promise<Command> {
  // What stands behind a command is that command's: one of them has a --version of its own.
  const program = new Command('sagewai')
    .version(manifest.version, '-v, --version')
    .enablePositionalOptions();
  for (const [name, load] of Object.entries(GROUPS)) {
    program.addCommand(name === word ? await load(around) : new Command(name));
  }
  for (const name of ELSEWHERE) program.addCommand(elsewhere(name));
  settle(program, around.terminal);
  return program;
}

/** The launcher starts these; whoever comes here said only half of it. */
function elsewhere(name: (typeof ELSEWHERE)[number]): Command {
  return new Command(name).allowExcessArguments().action(() => {
    throw new UsageError(
      name === 'config' ? 'say: sagewai config explain [server|worker|up]' : `sagewai ${name}`,
    );
  });
}

/** What commander does not hand down to commands that are added whole. */
function settle(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)')
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    });
  for (const each of command.commands) settle(each, terminal);
}

/** Whoever runs these has shown what is wrong on the same line; another login mends nothing. */
const PROOFS = /^(?:setup|login|accounts (?:accept|set-password|reauthenticate))\b/u;

function tell(terminal: Terminal, thrown: unknown, words: readonly string[]): ExitCode {
  // Commander has written its message (or the help) already.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (thrown instanceof UsageError) {
    terminal.note(`error: ${thrown.message}`);
    return EXIT.usage;
  }
  if (thrown instanceof SagewaiError) {
    const request = thrown.requestId ? ` (request ${thrown.requestId})` : '';
    terminal.note(`error: ${thrown.detail}${request}`);
    for (const { path, message } of thrown.mistakes) terminal.note(`  ${path || '/'}: ${message}`);
    const advice = adviceFor(thrown, words.join(' '));
    if (advice) terminal.note(advice);
    return exitCodeOf(thrown);
  }
  terminal.note(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  return EXIT.error;
}

function adviceFor({ code, status }: SagewaiError, said: string): string | null {
  if (code === 'unreachable') {
    return 'Is it running? `sagewai up` starts one; --gateway names another.';
  }
  if (code === 'untrusted') {
    return 'Is it signed by a private authority? --ca-file FILE (SAGEWAI_CA_FILE) trusts that one too.';
  }
  if (code === 'enrollment.invalid') return '`sagewai fleet create-key` makes an enrollment key.';
  if (code === 'caller.stale') return '`sagewai accounts reauthenticate` does so.';
  if (status === 401 && !PROOFS.test(said))
    return '`sagewai login` keeps a token; SAGEWAI_TOKEN gives one.';
  if (code === 'organization.required')
    return 'Say which one: --org NAME, or for all commands: sagewai login --org NAME';
  return null;
}

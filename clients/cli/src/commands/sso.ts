import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, group, id, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';

type Connection = CallOutput<'sso.getConnection'>;
type Body = NonNullable<CallInput<'sso.updateConnection'>['body']>;
type GroupRole = NonNullable<Body['group_roles']>[number];

interface SettingFlags extends ConnectionFlags {
  readonly name?: string;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly secretFile?: string;
  readonly auth?: NonNullable<Body['client_authentication']>;
  readonly scopes?: string[];
  readonly domains?: string[];
  readonly claim?: Record<string, string>;
  readonly role?: GroupRole[];
  readonly noRoles?: boolean;
  readonly knownOnly?: boolean;
  readonly enforce?: boolean;
  readonly enabled?: boolean;
}

const CLAIMS = ['email', 'email_verified', 'name', 'groups', 'external_id'] as const;

export function ssoCommand(around: Surroundings): Command {
  return group('sso', 'Sign-in at an identity provider of the organization’s own', {
    commands: [
      act(serverCommand('list', 'List the connections'), around, listThem),
      act<SettingFlags>(
        withSettings(
          serverCommand('create', 'Connect an identity provider')
            .requiredOption('--name <name>', 'what it is called here')
            .requiredOption('--issuer <url>', 'its address, as its discovery document has it')
            .requiredOption('--client-id <id>', 'of the client that was registered there'),
        ),
        around,
        async (context, flags) => {
          const { name = '', issuer = '', clientId = '' } = flags;
          const body = { ...(await bodyOf(flags)), name, issuer, client_id: clientId };
          tell(context, await context.client.call('sso.createConnection', { body }));
        },
      ),
      act<SettingFlags>(
        withSettings(
          serverCommand('update', 'Change a connection; what is left out stays')
            .argument('<connection>', 'its name or id', id)
            .option('--name <name>', 'another name')
            .option('--issuer <url>', 'another address; takes the secret again')
            .option('--client-id <id>', 'another client')
            .option('--no-enforce', 'take passwords again')
            .option('--enabled', 'let people sign in by it')
            .option('--no-enabled', 'let nobody sign in by it'),
        ),
        around,
        async (context, flags, [connection = '']) => {
          const body = await bodyOf(flags);
          if (Object.keys(body).length === 0) throw new UsageError('say what to change');
          const params = { connection };
          tell(context, await context.client.call('sso.updateConnection', { params, body }));
        },
      ),
      act(
        serverCommand('delete', 'Forget a connection').argument('<connection>', 'name or id', id),
        around,
        async (context, _, [connection = '']) => {
          const params = { connection };
          const answer = await context.client.call('sso.deleteConnection', { params });
          context.show(answer, `Deleted ${connection}.`);
        },
      ),
      act(
        serverCommand('test', 'Read the provider, and say what is missing').argument(
          '<connection>',
          'name or id',
          id,
        ),
        around,
        testIt,
      ),
    ],
    examples: [
      'sagewai sso create --name okta --issuer https://acme.okta.com --client-id 0oa1 --secret-file - --domains acme.com',
      'sagewai sso update okta --role engineering=developer --role admins=admin',
      'sagewai sso test okta',
    ],
  });
}

function withSettings(command: Command): Command {
  return command
    .option('--secret-file <file>', 'the secret of the client; - reads stdin')
    .addOption(
      new Option('--auth <way>', 'how the client proves itself').choices(['basic', 'post', 'none']),
    )
    .option('--scopes <scopes>', 'by comma (default: openid,email,profile)', list)
    .option('--domains <domains>', 'e-mail domains that the provider speaks for, by comma', list)
    .option('--claim <name=claim>', `what it calls ${CLAIMS.join(', ')}; repeatable`, addClaim)
    .option(
      '--role <group=role>',
      'GROUP=ROLE or GROUP=ROLE@PROJECT; * is everybody; repeatable, replaces those before',
      addRole,
    )
    .option('--no-roles', 'give no roles')
    .option('--known-only', 'let in only accounts that there are already')
    .option('--enforce', 'refuse passwords, except of owners');
}

function addClaim(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name = '', claim = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (!CLAIMS.some((each) => each === name)) {
    throw new InvalidArgumentError(`expected NAME=CLAIM with one of ${CLAIMS.join(', ')}`);
  }
  return { ...before, [name]: claim };
}

/** The last `=` divides: names of groups may have one. */
function addRole(text: string, before: GroupRole[] = []): GroupRole[] {
  const [, group = '', role = '', project] = /^(.+)=([^=@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (group === '') throw new InvalidArgumentError('expected GROUP=ROLE or GROUP=ROLE@PROJECT');
  return [...before, { group, role, ...(project === undefined ? {} : { project }) }];
}

async function bodyOf(flags: SettingFlags & { readonly roles?: boolean }): Promise<Body> {
  const secret =
    flags.secretFile === undefined ? undefined : (await readInput(flags.secretFile)).trim();
  const roles = flags.roles === false ? [] : flags.role;
  return {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.issuer === undefined ? {} : { issuer: flags.issuer }),
    ...(flags.clientId === undefined ? {} : { client_id: flags.clientId }),
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(flags.auth === undefined ? {} : { client_authentication: flags.auth }),
    ...(flags.scopes === undefined ? {} : { scopes: flags.scopes }),
    ...(flags.domains === undefined ? {} : { email_domains: flags.domains }),
    ...(flags.claim === undefined ? {} : { claims: flags.claim }),
    ...(roles === undefined ? {} : { group_roles: roles }),
    ...(flags.knownOnly === true ? { provisioning: 'known_accounts' as const } : {}),
    ...(flags.enforce === undefined ? {} : { enforced: flags.enforce }),
    ...(flags.enabled === undefined ? {} : { enabled: flags.enabled }),
  };
}

async function listThem(context: Context): Promise<void> {
  const answer = await context.client.call('sso.listConnections', {});
  const rows = answer.connections.map((each) => [
    each.id,
    each.name,
    each.issuer,
    each.email_domains.join(','),
    each.group_roles.length,
    stateOf(each),
  ]);
  const headings = ['id', 'name', 'issuer', 'domains', 'roles', 'state'];
  context.show(answer, printColumns(headings, rows));
}

const stateOf = ({ enabled, enforced }: Connection): string =>
  enabled ? (enforced ? 'enforced' : 'on') : 'off';

function tell(context: Context, connection: Connection): void {
  context.show(connection, connection.id);
  context.terminal.note(
    `Register this redirect URI at the provider: ${context.url}/auth/oidc/${connection.id}/callback`,
  );
  context.terminal.note(`People sign in at ${context.url}${connection.start_path}`);
}

async function testIt(context: Context, _: unknown, words: readonly string[]): Promise<void> {
  const [connection = ''] = words;
  const answer = await context.client.call('sso.testConnection', { params: { connection } });
  const lines = [
    `The provider answers as ${answer.issuer}.`,
    `Redirect URI to register there: ${answer.redirect_uri}`,
    ...answer.problems.map((problem) => `- ${problem}`),
  ];
  context.show(answer, lines.join('\n'));
  if (answer.problems.length > 0) context.end(EXIT.error);
}

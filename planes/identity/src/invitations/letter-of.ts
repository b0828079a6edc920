import type { AccountLink } from './links.sql.ts';

/** What is written to whom a link is for. The address of this server is in the link alone. */
export function letterOf(
  { kind, expiresAt, createdBy }: Pick<AccountLink, 'kind' | 'expiresAt' | 'createdBy'>,
  url: string,
): {
  readonly type: 'account.invitation' | 'account.reset';
  readonly title: string;
  readonly text: string;
} {
  const until = `It is good once, until ${expiresAt.toISOString()}, and for you alone: do not pass it on.`;
  if (createdBy === 'anonymous') {
    return {
      type: 'account.reset',
      title: 'Set your password anew',
      text:
        `Somebody, you we hope, has forgotten the password of your account here. Set it anew:\n\n${url}\n\n${until}\n` +
        'If it was not you, do nothing: your password stays as it is.\n',
    };
  }
  return kind === 'invitation'
    ? {
        type: 'account.invitation',
        title: 'You are invited',
        text: `You are invited to have an account here. Choose your name and password:\n\n${url}\n\n${until}\n`,
      }
    : {
        type: 'account.reset',
        title: 'Set your password anew',
        text:
          `An administrator has asked for this link, with which you set your password anew:\n\n${url}\n\n${until}\n` +
          'If you did not ask them for it, tell them.\n',
      };
}

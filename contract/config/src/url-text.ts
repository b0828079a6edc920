const SECRET_PARAMETER = /([?&][^=&#]*(?:password|secret|token|key)[^=&#]*=)[^&#]*/gi;

export const withScheme = (text: string, scheme: string | undefined): string =>
  scheme === undefined || text.includes('://') ? text : `${scheme}://${text}`;

export function isUrl(text: string, schemes: readonly string[]): boolean {
  if (/\s/.test(text) || !URL.canParse(text)) return false;
  const { protocol, host, pathname } = new URL(text);
  // `postgres:///name?host=/run/postgresql` has no host, and is right.
  return text.includes('://') && schemes.includes(protocol.slice(0, -1)) && host + pathname !== '';
}

/** For showing: a password in a URL is as secret as one that stands alone. */
export function hideUserInfo(text: string): string {
  return text
    .replace(/^([^:/]+:\/\/)([^/?#]*)@/, (_, scheme: string, user: string) =>
      user.includes(':')
        ? `${scheme}${user.slice(0, user.indexOf(':'))}:[secret]@`
        : `${scheme}${user}@`,
    )
    .replaceAll(SECRET_PARAMETER, '$1[secret]');
}

/**
 * The address under which the browser knows this server: the one that the operator says, else the one
 * that the browser asked. A wrong one is of no use: the provider compares it with what it was told.
 */
export function baseUrl(
  publicUrl: string | null,
  asked: { readonly host: string | undefined; readonly isSecure: boolean },
): string {
  if (publicUrl !== null) return publicUrl.replace(/\/+$/, '');
  const host = asked.host ?? '';
  const isName = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host);
  return `${asked.isSecure ? 'https' : 'http'}://${isName ? host : 'localhost'}`;
}

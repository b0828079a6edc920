/** The place of this server that a browser wants to come back to; `/` for anything that leads elsewhere. */
export function readReturn(asked: string | undefined): string {
  const here = 'http://here.invalid';
  if (asked === undefined || !asked.startsWith('/') || /[\\\p{Cc}]/u.test(asked)) return '/';
  if (!URL.canParse(asked, here)) return '/';
  const url = new URL(asked, here);
  return url.origin === here ? `${url.pathname}${url.search}${url.hash}` : '/';
}

/** The value of a cookie; the first counts. */
export function readCookie(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key = '', ...value] = part.split('=');
    if (key.trim() === name) return value.join('=').trim();
  }
  return null;
}

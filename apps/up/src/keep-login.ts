import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the command line keeps of a login. The file is its own; `sagewai login` writes the same. */
interface SavedLogin {
  readonly url: string;
  readonly token: string;
  /** Of commands that name none: they would be at a loss as soon as there is a second. */
  readonly organization?: string;
}

export type KeptLogin =
  /** Commands on this home reach this server. */
  | { readonly kind: 'here' }
  /** They reach another one, whose token may exist nowhere else. */
  | { readonly kind: 'elsewhere'; readonly url: string };

export interface LoginPlace {
  readonly home: string;
  /** The token that was kept at the last start, if it was another. */
  readonly formerToken: string | undefined;
  /** Whether the server that was just started knows this token. */
  readonly isKnown: (token: string) => Promise<boolean>;
}

/**
 * Logs the command line in, so that a newcomer's next command works. Somebody's own login is left
 * alone: its token was shown once, and to replace it would turn commands meant for there to here. Ours
 * is known by its token, so that a start on another port corrects the address.
 */
export async function keepLogin(login: SavedLogin, place: LoginPlace): Promise<KeptLogin> {
  const file = join(place.home, 'login.json');
  const found = await readLogin(file);
  const isOurs = found !== null && [login.token, place.formerToken].includes(found.token);
  if (found && !isOurs) {
    if (found.url !== login.url) return { kind: 'elsewhere', url: found.url };
    if (await place.isKnown(found.token)) return { kind: 'here' };
  }
  // Who has chosen another one keeps it.
  const organization = (isOurs ? found.organization : undefined) ?? login.organization;
  const kept = organization === undefined ? login : { ...login, organization };
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
  return { kind: 'here' };
}

async function readLogin(file: string): Promise<SavedLogin | null> {
  try {
    const read = JSON.parse(await readFile(file, 'utf8')) as Partial<SavedLogin>;
    const { url, token, organization } = read;
    if (typeof url !== 'string' || typeof token !== 'string') return null;
    return typeof organization === 'string' ? { url, token, organization } : { url, token };
  } catch {
    return null;
  }
}

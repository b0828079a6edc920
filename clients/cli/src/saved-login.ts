import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What `login` keeps: one server and one token. */
export interface SavedLogin {
  readonly url: string;
  readonly token: string;
  readonly organization?: string;
  /** Of the private authority that vouches for the server; an absolute path. */
  readonly ca_file?: string;
}

const fileIn = (home: string): string => join(home, 'login.json');

/** The last login, or null; a file that cannot be read as one counts as none. */
export async function readLogin(home: string): Promise<SavedLogin | null> {
  try {
    const saved = JSON.parse(await readFile(fileIn(home), 'utf8')) as Partial<SavedLogin>;
    if (typeof saved.url !== 'string' || typeof saved.token !== 'string') return null;
    return saved as SavedLogin;
  } catch {
    return null;
  }
}

/** Replaces the file in one step; only its owner can read it. */
export async function saveLogin(home: string, login: SavedLogin): Promise<string> {
  const file = fileIn(home);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
  return file;
}

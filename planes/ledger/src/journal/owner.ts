/**
 * Whose a journal's file is. A process listens on a socket beside its files: as long as it lives the
 * kernel accepts there, also while the process stands still; when it is gone nobody does. So a file
 * whose socket refuses belongs to nobody, and may be taken over.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

export interface Owner {
  readonly name: string;
  /** Of the nth file of this process. */
  pathOf(nth: number): string;
  /** Whether others see that it lives, and its file, where it has one: somebody may have cleaned up in its directory. */
  isSeen(file: string | null): Promise<boolean>;
  release(): Promise<void>;
}

const NAME_BYTES = 6;
const SUFFIX = '.journal';
/** The shortest of what systems allow for the path of a socket, with its end. */
const SOCKET_PATH_MAX = 103;

const socketOf = (directory: string, name: string): string => join(directory, `${name}.sock`);

/** Before the first file is made: a file without a socket is anybody's. */
export async function becomeOwner(directory: string): Promise<Owner> {
  const name = randomBytes(NAME_BYTES).toString('hex');
  const socket = socketOf(directory, name);
  if (Buffer.byteLength(socket) > SOCKET_PATH_MAX) {
    throw new Error(`the path of the journal's directory is too long for a socket: ${directory}`);
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const server = createServer((client) => client.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  server.unref();
  return {
    name,
    pathOf: (nth) => join(directory, `${name}.${nth}${SUFFIX}`),
    isSeen: async (file) => {
      const there = await Promise.all([socket, ...(file === null ? [] : [file])].map(isThere));
      return there.every(Boolean);
    },
    release: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );

/** The files of processes that are gone. */
export async function findAbandoned(directory: string, own: string): Promise<string[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(SUFFIX));
  const names = new Set(files.map(ownerOf));
  names.delete(own);
  const gone = new Set<string>();
  for (const name of names) if (!(await isAlive(socketOf(directory, name)))) gone.add(name);
  return files
    .filter((file) => gone.has(ownerOf(file)))
    .toSorted()
    .map((file) => join(directory, file));
}

/** After its files: what is left of a process that is gone. */
export async function removeSocket(directory: string, path: string): Promise<void> {
  await unlink(socketOf(directory, ownerOf(path.slice(directory.length + 1)))).catch(unlessGone);
}

export function unlessGone(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

const ownerOf = (file: string): string => file.slice(0, file.indexOf('.'));

/** Only a refusal and no socket at all tell that nobody is there; anything else is left alone. */
function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(socket);
    client.once('connect', () => {
      client.destroy();
      resolve(true);
    });
    client.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

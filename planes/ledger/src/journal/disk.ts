import { close, constants, fdatasync, fsync, open, write } from 'node:fs';
import { readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** What a journal asks of the file system; a port, so that its failures can be tried. */
export interface Disk {
  /** A new file of so many bytes, all zero and durable; only its owner may read it. */
  create(path: string, bytes: number): Promise<number>;
  /** Durable when it resolves. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  close(fd: number): Promise<void>;
  read(path: string): Promise<Buffer>;
  remove(path: string): Promise<void>;
}

// One trip to the disk instead of two, where the system has it.
const SYNCED = process.platform === 'linux' ? constants.O_DSYNC : 0;
const { O_CREAT, O_EXCL, O_RDWR } = constants;
const sync = promisify(fdatasync);

export const localDisk: Disk = {
  create: async (path, bytes) => {
    const fd = await promisify(open)(path, O_CREAT | O_EXCL | O_RDWR | SYNCED, 0o600);
    try {
      // Blocks that have been written are not allotted later, when it is too late to find none.
      await writeAll(fd, Buffer.alloc(bytes), 0);
      await syncDirectory(dirname(path));
      return fd;
    } catch (error) {
      await promisify(close)(fd);
      await unlink(path);
      throw error;
    }
  },
  write: writeAll,
  close: promisify(close),
  read: (path) => readFile(path),
  remove: (path) => unlink(path),
};

/** The name of a new file is durable with its directory only. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return; // It has no such thing.
  const fd = await promisify(open)(path, constants.O_RDONLY);
  try {
    await promisify(fsync)(fd);
  } finally {
    await promisify(close)(fd);
  }
}

function writeAll(fd: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, position, (error, written) => {
      if (error) reject(error);
      else if (written < bytes.length) reject(new Error(`${written} of ${bytes.length} written`));
      else if (SYNCED === 0) sync(fd).then(resolve, reject);
      else resolve();
    });
  });
}

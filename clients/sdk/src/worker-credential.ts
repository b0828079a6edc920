import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a worker keeps between starts, so that a restart consumes no use of an enrollment key. */
export interface WorkerCredential {
  readonly url: string;
  readonly name: string;
  readonly worker_id: string;
  readonly worker_secret: string;
  readonly organization_id: string;
  /** The `x` of the key pair that its tokens are bound to; left out without one. */
  readonly public_key?: string;
  /** What was declared at registration; other declarations need a registration of their own. */
  readonly pool: string;
  readonly models: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** The project whose runs alone it takes; left out: every project's. */
  readonly project?: string;
  /** The public half of its sealing key; left out: none was registered. */
  readonly seal_key?: string;
}

/** One file a worker and server: several workers may share a home, and a worker may know two servers. */
export function workerCredentialFile(home: string, url: string, name: string): string {
  const server = createHash('sha256').update(url.replace(/\/+$/, '')).digest('hex').slice(0, 8);
  const slug = name.replaceAll(/[^\w.-]+/g, '_').slice(0, 80);
  return join(home, 'workers', `${slug}-${server}.json`);
}

/** Where its sealing key is kept, beside its credential. */
export const workerSealKeyFile = (home: string, url: string, name: string): string =>
  workerCredentialFile(home, url, name).replace(/json$/, 'seal.pem');

/** The kept credential, or null; a file that cannot be read as one counts as none. */
export async function readWorkerCredential(file: string): Promise<WorkerCredential | null> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as Partial<WorkerCredential>;
    const whole = typeof kept.worker_id === 'string' && typeof kept.worker_secret === 'string';
    return whole ? (kept as WorkerCredential) : null;
  } catch {
    return null;
  }
}

/** Replaces the file in one step; only its owner can read it. */
export async function saveWorkerCredential(
  file: string,
  credential: WorkerCredential,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(credential, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}

export async function forgetWorkerCredential(file: string): Promise<void> {
  await rm(file, { force: true });
}

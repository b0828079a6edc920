import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

export interface HeldTransaction<Output> {
  /** What the work answered; its locks are held. */
  readonly output: Output;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
  /** Rolls back what was not committed. */
  [Symbol.asyncDispose](): Promise<void>;
}

class RolledBack extends Error {}

/**
 * Does `work` in a transaction and leaves it open, so that a test can look from outside at what lies
 * between two statements: `await using held = await holdTransaction(db, [orgId], (tx) => claim(tx))`.
 */
export async function holdTransaction<Output>(
  db: Db,
  orgIds: readonly OrganizationId[],
  work: (tx: Tx) => Promise<Output>,
): Promise<HeldTransaction<Output>> {
  const done = Promise.withResolvers<Output>();
  const release = Promise.withResolvers<void>();
  const ended = inTenant(db, orgIds, async (tx) => {
    done.resolve(await work(tx));
    await release.promise;
  });
  // What fails before `work` is done is its outcome; what fails later is told by `commit`.
  ended.catch(done.reject);
  const output = await done.promise;
  const rollback = async (): Promise<void> => {
    release.reject(new RolledBack());
    await ended.catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error;
    });
  };
  return {
    output,
    commit: () => {
      release.resolve();
      return ended;
    },
    rollback,
    [Symbol.asyncDispose]: rollback,
  };
}

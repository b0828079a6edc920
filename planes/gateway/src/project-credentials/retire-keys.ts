import type { Log } from '@sagewai/log';
import { type Db, inTransaction } from '@sagewai/postgres';

import type { Endpoint } from '../models/deployment.ts';
import type { OpenCredential, SealedName } from './credential-book.ts';
import {
  findCredentialOf,
  forgetFormer,
  type SealedCredential,
} from './project-credentials.sql.ts';
import type { ProxyKeys } from './proxy-keys.ts';

/** Deletes at their proxies what was made there and replaced, once no replica uses it any more. */
export interface Retiring {
  /** What is known of all projects now. */
  watch(rows: readonly SealedCredential[]): void;
  /** At once; throws where the proxy does not do it. */
  remove(of: SealedName & { readonly sealed: string }): Promise<void>;
  close(): void;
}

export function createRetiring(of: {
  readonly db: Db;
  readonly log: Log;
  readonly proxy: ProxyKeys;
  readonly unseal: (of: SealedName & { readonly sealed: string }) => OpenCredential | null;
  readonly endpointAt: (baseUrl: string) => Endpoint;
  /** After which every replica has heard of the one that took its place. */
  readonly graceMs: number;
}): Retiring {
  const timers = new Map<string, NodeJS.Timeout>();
  const remove: Retiring['remove'] = async (named) => {
    const opened = of.unseal(named);
    if (opened !== null) await of.proxy.remove(of.endpointAt(named.baseUrl), opened.key);
  };
  const retire = ({ orgId, projectId, replacedAt }: SealedCredential): Promise<void> =>
    inTransaction(of.db, async (tx) => {
      const row = await findCredentialOf(tx, { orgId, projectId });
      // Another replica was quicker, or it was replaced once more.
      // Not by what is sealed: that changes when it is sealed with another key.
      if (row?.replacedAt?.getTime() !== replacedAt?.getTime()) return;
      const former = row && formerOf(row);
      if (former === null) return;
      await remove(former);
      await forgetFormer(tx, { orgId, projectId });
    });
  return {
    remove,
    watch: (rows) => {
      for (const row of rows) {
        const { formerSealed, projectId, replacedAt } = row;
        const name = `${projectId} ${replacedAt?.getTime()}`;
        if (formerSealed === null || timers.has(name)) continue;
        const timer = setTimeout(() => {
          timers.delete(name);
          retire(row).catch((error: unknown) => {
            of.log.warn('a replaced credential is still there at its proxy', { projectId, error });
          });
        }, of.graceMs);
        timers.set(name, timer.unref());
      }
    },
    close: () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** The one that a row still names beside its own. */
export function formerOf({
  orgId,
  projectId,
  formerBaseUrl,
  formerSealed,
}: SealedCredential): (SealedName & { readonly sealed: string }) | null {
  if (formerBaseUrl === null || formerSealed === null) return null;
  return { orgId, projectId, baseUrl: formerBaseUrl, sealed: formerSealed };
}

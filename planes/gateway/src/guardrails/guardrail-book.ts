import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import type { Caller } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { CredentialCache } from '../keys/credential-cache.ts';
import { isDatabaseAway } from '../keys/is-database-away.ts';
import type { Guardrail } from './guardrail.ts';
import { type StoredGuardrail, toGuardrail } from './stored-guardrail.ts';
import { listGuardrailVersions, listStoredGuardrails } from './stored-guardrails.sql.ts';

/** The guardrails that are stored, as this replica knows them. */
export interface GuardrailBook {
  /** Those that a call of this caller's may pass. A plain value where they are known. */
  of(
    caller: Pick<Caller, 'orgId' | 'projectId'>,
  ): readonly Guardrail[] | Promise<readonly Guardrail[]>;
  /** They have just changed here. */
  forget(): void;
}

interface Page {
  readonly version: bigint;
  readonly guardrails: readonly { readonly projectId: string | null; readonly one: Guardrail }[];
  readonly byProject: Map<string | null, readonly Guardrail[]>;
}

// As with credentials: a change is seen everywhere within this time.
const VERSIONS_AGE_MS_MAX = 1_000;
const PAGES_MAX = 10_000;
const NONE: readonly Guardrail[] = [];

/**
 * Which organizations have guardrails is one short list, read beside the calls; the guardrails of one are read
 * again when its version in that list has changed. Calls of all others cost a look-up in memory. While the
 * database is away what was read before counts for as long as a key may be open: who calls meanwhile has one.
 */
export function createGuardrailBook(of: {
  readonly db: Db;
  readonly keys: SealingKeys;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws for an address that may not be called. */
  readonly allow: (url: string) => void;
  readonly openForMs: number;
}): GuardrailBook {
  const { db, keys, log, openForMs } = of;
  const versions = new CredentialCache<ReadonlyMap<OrganizationId, bigint>>({
    clock: of.clock,
    ageMsMax: VERSIONS_AGE_MS_MAX,
    entriesMax: 1,
    away: { ageMsMaxOf: () => openForMs, isAway: isDatabaseAway },
    load: async () =>
      new Map((await listGuardrailVersions(db)).map(({ orgId, version }) => [orgId, version])),
  });
  const pages = new Map<OrganizationId, Page>();
  const loading = new Map<string, Promise<Page>>();

  const allow = ({ id, spec }: StoredGuardrail): void => {
    if (spec.url === null) return;
    try {
      of.allow(spec.url);
    } catch (error) {
      // It stays, and lets nothing pass (W2).
      log.error('the webhook of a guardrail may not be called', { guardrail: id, error });
    }
  };
  const load = async (orgId: OrganizationId, version: bigint): Promise<Page> => {
    const rows = await inTenant(db, [orgId], (tx) => listStoredGuardrails(tx, orgId));
    const guardrails = rows.map((row) => {
      allow(row);
      return { projectId: row.projectId, one: toGuardrail(row, { keys, orgId }) };
    });
    const page = { version, guardrails, byProject: new Map() };
    pages.delete(orgId);
    pages.set(orgId, page);
    const [oldest] = pages.keys();
    if (pages.size > PAGES_MAX && oldest !== undefined) pages.delete(oldest);
    return page;
  };
  const loadOnce = (orgId: OrganizationId, version: bigint): Promise<Page> => {
    const name = `${orgId} ${version}`;
    const begun =
      loading.get(name) ?? load(orgId, version).finally(() => void loading.delete(name));
    loading.set(name, begun);
    return begun;
  };
  const find = (
    known: ReadonlyMap<OrganizationId, bigint>,
    orgId: OrganizationId,
    projectId: string | null,
  ): readonly Guardrail[] | Promise<readonly Guardrail[]> => {
    const version = known.get(orgId);
    if (version === undefined) return NONE;
    const page = pages.get(orgId);
    if (page?.version === version) return forProject(page, projectId);
    return loadOnce(orgId, version).then((loaded) => forProject(loaded, projectId));
  };
  return {
    of: ({ orgId, projectId }) => {
      if (orgId === null) return NONE;
      const known = versions.get('all', 'all');
      if (known instanceof Promise)
        return known.then((read) => (read === null ? NONE : find(read, orgId, projectId)));
      return known === null ? NONE : find(known, orgId, projectId);
    },
    forget: () => versions.forgetAll(),
  };
}

/** Those of another project are not there. */
function forProject(page: Page, projectId: string | null): readonly Guardrail[] {
  const known = page.byProject.get(projectId);
  if (known !== undefined) return known;
  const found = page.guardrails
    .filter((each) => each.projectId === null || each.projectId === projectId)
    .map(({ one }) => one);
  page.byProject.set(projectId, found);
  return found;
}

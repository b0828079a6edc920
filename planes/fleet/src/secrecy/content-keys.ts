import type { Clock } from '@sagewai/clock';
import { type MasterKeys, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Db, type Executor, inTenant } from '@sagewai/postgres';
import { type FernetKey, fernetKeyText } from '@sagewai/seal';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import { findProjectOf } from '../runs/runs.sql.ts';
import {
  insertProjectKeys,
  lockOrganizationKey,
  type ProjectKeyRow,
  readPrimaryKey,
  readProjectKeys,
  readVersions,
} from './content-keys.sql.ts';
import {
  decryptContent,
  deriveRunKey,
  encryptContent,
  formatContent,
  parseContent,
} from './content.ts';
import { makeKey, unwrapOrganizationKey, unwrapProjectKey, wrapProjectKey } from './wrap-keys.ts';

export interface ContentKeysOptions {
  readonly db: Db;
  /** As the role of dispatch: it sees which organizations encrypt, and no key. */
  readonly dispatch: Db;
  readonly clock: Clock;
  /** Wrap the organizations' keys; the present one first. */
  readonly masterKeys: MasterKeys;
}

/** Encrypts what one project's runs are given and say. Used in the turn in which it was got. */
export interface Sealer {
  encrypt(runId: RunId, text: string): string;
}

interface Held {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly bytes: Buffer;
}

const HELD_MAX = 10_000;

/**
 * The projects' keys in memory, unwrapped. They are overwritten with zeros when their organization's keys
 * have changed, and when this ends.
 */
export class ContentKeys {
  readonly #options: ContentKeysOptions;
  /** Null before the first look. */
  #versions: ReadonlyMap<OrganizationId, bigint> | null = null;
  readonly #primaries = new Map<ProjectId, Held>();
  readonly #held = new Map<string, Held>();
  readonly #projects = new Map<RunId, ProjectId>();

  constructor(options: ContentKeysOptions) {
    this.#options = options;
  }

  /** Which organizations encrypt, and whose keys have changed: one statement, however many runs there are. */
  async refresh(): Promise<void> {
    const versions = await readVersions(this.#options.dispatch);
    const before = this.#versions;
    this.#versions = new Map(versions.map(({ orgId, version }) => [orgId, version]));
    for (const orgId of new Set([...this.#held.values()].map((held) => held.orgId))) {
      if (this.#versions.get(orgId) !== before?.get(orgId)) this.#forget((h) => h.orgId === orgId);
    }
  }

  /** What was seen at the last look: versions only grow. */
  get known(): { readonly count: number; readonly sum: bigint } {
    const versions = [...(this.#versions?.values() ?? [])];
    return { count: versions.length, sum: versions.reduce((sum, one) => sum + one, 0n) };
  }

  /** The project of a run; null: the organization has no such run. */
  async projectOf(orgId: OrganizationId, runId: RunId): Promise<ProjectId | null> {
    const known = this.#projects.get(runId);
    if (known !== undefined) return known;
    const found = await inTenant(this.#options.db, [orgId], (tx) => findProjectOf(tx, runId));
    if (this.#projects.size >= HELD_MAX) this.#projects.clear();
    if (found !== null) this.#projects.set(runId, found);
    return found;
  }

  now(): Date {
    return this.#options.clock.now();
  }

  /** Asks nobody after the first look. */
  async encrypts(orgId: OrganizationId): Promise<boolean> {
    if (this.#versions === null) await this.refresh();
    return this.#versions?.has(orgId) === true;
  }

  close(): void {
    this.#forget(() => true);
  }

  /** E5. Null, and nothing is asked: the organization does not encrypt. */
  sealer(orgId: OrganizationId, projectId: ProjectId): Sealer | null | Promise<Sealer | null> {
    if (this.#versions === null) return this.refresh().then(() => this.sealer(orgId, projectId));
    if (!this.#versions.has(orgId)) return null;
    const held = this.#primaries.get(projectId);
    if (held !== undefined) return this.#sealerOf(held);
    return this.#findPrimary(orgId, projectId).then((found) => this.#sealerOf(found));
  }

  /** Has these keys ready, as far as there are any. Within a transaction, by its connection. */
  async hold(orgId: OrganizationId, ids: Iterable<string>, tx?: Executor): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#held.has(id));
    if (missing.length === 0) return;
    const rows = tx
      ? await readProjectKeys(tx, missing)
      : await inTenant(this.#options.db, [orgId], (own) => readProjectKeys(own, missing));
    for (const row of rows) this.#keep(row);
  }

  /** The key of a run as its worker gets it; null: its project's key is not held. */
  runKey(runId: RunId, keyId: string): { readonly key: FernetKey; readonly text: string } | null {
    const held = this.#held.get(keyId);
    if (held === undefined) return null;
    const key = deriveRunKey(held.bytes, runId);
    return { key, text: fernetKeyText(key) };
  }

  /** What a content says, if it is one of this run and its key is held; null: it cannot be opened. */
  decrypt(runId: RunId, content: string): string | null {
    const parsed = parseContent(content);
    const own = parsed && this.runKey(runId, parsed.keyId);
    return own && decryptContent(own.key, parsed.token, this.#options.clock.now());
  }

  #sealerOf({ id, bytes }: Held): Sealer {
    const { clock } = this.#options;
    return {
      encrypt: (runId, text) => {
        const token = encryptContent(deriveRunKey(bytes, runId), text, clock.now());
        return formatContent({ keyId: id, token });
      },
    };
  }

  async #findPrimary(orgId: OrganizationId, projectId: ProjectId): Promise<Held> {
    const row = await inTenant(this.#options.db, [orgId], async (tx) => {
      const found = await readPrimaryKey(tx, projectId);
      if (found !== null) return found;
      await this.#makePrimary(tx, orgId, projectId);
      return readPrimaryKey(tx, projectId);
    });
    const held = row && this.#keep(row);
    if (!held) {
      throw new Fault('service.broken', `the content key of project ${projectId} does not open`);
    }
    this.#primaries.set(projectId, held);
    return held;
  }

  async #makePrimary(tx: Executor, orgId: OrganizationId, projectId: ProjectId): Promise<void> {
    const organization = await lockOrganizationKey(tx, orgId, 'share');
    const unwrapped =
      organization &&
      unwrapOrganizationKey(this.#options.masterKeys, organization.wrapped, {
        id: organization.id,
        orgId,
      });
    if (!unwrapped) {
      throw new Fault('service.broken', `the key of organization ${orgId} does not open`);
    }
    const key = makeKey();
    const id = newId();
    const wrapped = wrapProjectKey(unwrapped, key, { id, orgId, projectId });
    unwrapped.fill(0);
    key.fill(0);
    const organizationKeyId = organization.id;
    await insertProjectKeys(tx, [{ id, orgId, projectId, organizationKeyId, wrapped }]);
  }

  #keep(row: ProjectKeyRow): Held | null {
    const { id, orgId, projectId, wrapped, organizationKeyId, organizationWrapped } = row;
    if (wrapped === null || organizationWrapped === null) return null;
    const wrapping = unwrapOrganizationKey(this.#options.masterKeys, organizationWrapped, {
      id: organizationKeyId,
      orgId,
    });
    const bytes = wrapping && unwrapProjectKey(wrapping, wrapped, { id, orgId, projectId });
    wrapping?.fill(0);
    if (!bytes) return null;
    const known = this.#held.get(id);
    if (known !== undefined) {
      bytes.fill(0);
      return known;
    }
    if (this.#held.size >= HELD_MAX) this.#forget(() => true);
    const held = { id, orgId, projectId, bytes };
    this.#held.set(id, held);
    return held;
  }

  /** Who has got a key in this turn still uses it in this turn. */
  #forget(which: (held: Held) => boolean): void {
    const gone = [...this.#held.values()].filter(which);
    for (const held of gone) {
      this.#held.delete(held.id);
      this.#primaries.delete(held.projectId);
    }
    setImmediate(() => {
      for (const { bytes } of gone) bytes.fill(0);
    });
  }
}

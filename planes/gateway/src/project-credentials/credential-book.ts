import { Secret } from '@sagewai/config';
import { open, seal, type SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { ProjectId } from '@sagewai/wire';

import type { Endpoint } from '../models/deployment.ts';
import { buildModelTable, type ModelGroup } from '../models/model-table.ts';
import { type StoredReferences, VALUES_ONLY, valueOf } from '../stored-models/stored-references.ts';
import { listCredentials, type SealedCredential } from './project-credentials.sql.ts';

/** What is sealed. */
export interface OpenCredential {
  readonly key: string;
  /** How it was made at the proxy, so that the next one is made alike. */
  readonly wanted: object;
}

export type SealedName = Pick<SealedCredential, 'orgId' | 'projectId' | 'baseUrl'>;

/** The credentials that projects carry, as this replica knows them. */
export interface CredentialBook {
  /** A promise until they have been read for the first time. */
  ready(): Promise<void> | null;
  /**
   * What of a model the caller's project may be sent to: with a credential of its own, its place alone and
   * what needs no credential. Undefined: nothing.
   */
  narrow(group: ModelGroup, by: Caller): ModelGroup | undefined;
  /** Reads them again. */
  refresh(): Promise<void>;
  seal(of: SealedName, credential: OpenCredential): string;
  unseal(row: SealedName & { readonly sealed: string }): OpenCredential | null;
}

export function createCredentialBook(of: {
  readonly db: Db;
  readonly keys: SealingKeys;
  readonly log: Log;
  readonly references?: StoredReferences | undefined;
  /** Told what was read. */
  readonly watch: (rows: readonly SealedCredential[]) => void;
}): CredentialBook {
  const { db, keys, log } = of;
  let byProject: ReadonlyMap<ProjectId, Narrowed> = new Map();
  let isRead = false;
  let reading: Promise<void> = Promise.resolve();
  const unseal: CredentialBook['unseal'] = (row) => {
    const opened = open(keys, row.sealed, projectCredentialContext(row));
    return opened.kind === 'opened' ? (JSON.parse(opened.data.toString()) as OpenCredential) : null;
  };
  /** M6. What it is, or what its reference stands for. */
  const keyOf = async (row: SealedCredential): Promise<string> => {
    const credential = unseal(row);
    if (credential === null) throw new Error('it does not open');
    return valueOf(of.references ?? VALUES_ONLY, credential.key, row);
  };
  const read = async (): Promise<void> => {
    const rows = await listCredentials(db);
    const read = rows.map(async (row): Promise<[ProjectId, Narrowed]> => {
      const key = await keyOf(row).catch((error: unknown) => {
        log.error('the credential of a project cannot be read', { project: row.projectId, error });
        return null;
      });
      return [row.projectId, new Narrowed(row, key)];
    });
    byProject = new Map(await Promise.all(read));
    isRead = true;
    of.watch(rows);
  };
  // One after the other: an older list must not replace a newer one.
  const refresh = (): Promise<void> => (reading = reading.catch(() => undefined).then(read));
  return {
    ready: () => (isRead ? null : refresh()),
    narrow: (group, { kind, projectId }) => {
      if (byProject.size === 0 || projectId === null) return group;
      if (kind !== 'key' && kind !== 'run') return group;
      const own = byProject.get(projectId);
      return own === undefined ? group : own.narrow(group);
    },
    refresh,
    seal: (name, credential) =>
      seal(keys[0], JSON.stringify(credential), projectCredentialContext(name)),
    unseal,
  };
}

/** M6. What is sealed opens for this project and this place alone. */
export const projectCredentialContext = ({ orgId, projectId, baseUrl }: SealedName): string =>
  `project-credential/${orgId}/${projectId}/${baseUrl}`;

/** Models as one project reaches them. */
class Narrowed {
  readonly #row: SealedCredential;
  readonly #credential: Secret | null;
  readonly #groups = new WeakMap<ModelGroup, ModelGroup | 'none'>();
  readonly #endpoints = new WeakMap<Endpoint, Endpoint>();

  constructor(row: SealedCredential, key: string | null) {
    this.#row = row;
    this.#credential = key === null ? null : new Secret(key);
  }

  narrow(group: ModelGroup): ModelGroup | undefined {
    const known = this.#groups.get(group) ?? this.#build(group) ?? 'none';
    this.#groups.set(group, known);
    return known === 'none' ? undefined : known;
  }

  #build({ deployments }: ModelGroup): ModelGroup | undefined {
    const { baseUrl, projectId } = this.#row;
    const own = deployments.flatMap((deployment) => {
      const { endpoint } = deployment;
      const { credential, authorization } = endpoint;
      if (endpoint.baseUrl === baseUrl && authorization === undefined) {
        // Of its own in all that is remembered of deployments: a refusal of it concerns nobody else.
        const id = `${deployment.id}@${projectId}`;
        return [{ ...deployment, id, endpoint: this.#endpointFor(endpoint) }];
      }
      return credential === null && authorization === undefined ? [deployment] : [];
    });
    return buildModelTable(own).groups[0];
  }

  #endpointFor(endpoint: Endpoint): Endpoint {
    // It is never replaced by another, also where it cannot be read.
    if (this.#credential === null) throw unreadable(this.#row.projectId);
    const known = this.#endpoints.get(endpoint);
    if (known !== undefined) return known;
    const own = { ...endpoint, credential: this.#credential, ofProject: this.#row.projectId };
    this.#endpoints.set(endpoint, own);
    return own;
  }
}

const unreadable = (projectId: ProjectId): Fault =>
  new Fault('service.unavailable', `the credential of project ${projectId} cannot be read`, {
    detail:
      'The project has a credential of its own that cannot be read here: it was sealed with another ' +
      'SAGEWAI_ENCRYPTION_KEY, or its reference cannot be read. Set it again with `sagewai projects credential set`.',
  });

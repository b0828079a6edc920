import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { ContentKeys } from './content-keys.ts';
import { parseContent } from './content.ts';
import { openContents } from './open-contents.ts';

interface Texts {
  /** JSON text. */
  readonly output: string | null;
  readonly error: string | null;
}

interface Opened {
  readonly runId: RunId;
  readonly output: unknown;
  readonly error: string | null;
}

/** How a higher plane keeps what runs say: as the organization wants it (E1). */
export interface RunContents {
  /** `keyId` is that of the project's key; null: it stands in clear. */
  seal(
    of: { readonly orgId: OrganizationId; readonly projectId: ProjectId; readonly runId: RunId },
    texts: Texts,
  ): Promise<Texts & { readonly keyId: string | null }>;
  open(
    of: { readonly orgId: OrganizationId; readonly tx: Executor },
    rows: readonly Opened[],
  ): Promise<readonly Opened[]>;
}

export function createRunContents(keys: ContentKeys): RunContents {
  return {
    seal: async ({ orgId, projectId, runId }, { output, error }) => {
      if (output === null && error === null) return { output, error, keyId: null };
      const sealer = await keys.sealer(orgId, projectId); // E5
      if (sealer === null) return { output, error, keyId: null };
      const sealedOutput = output === null ? null : sealer.encrypt(runId, output);
      const sealedError = error === null ? null : sealer.encrypt(runId, error);
      const keyId = parseContent(sealedOutput ?? sealedError ?? '')?.keyId ?? null;
      return {
        output: sealedOutput === null ? null : JSON.stringify(sealedOutput),
        error: sealedError,
        keyId,
      };
    },
    open: (of, rows) => openContents(keys, of, rows),
  };
}

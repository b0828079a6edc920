import type { OrganizationId, RunId } from '@sagewai/wire';

import type { ContentKind } from './content-reference.ts';
import type { LargeContents } from './large-contents.ts';

interface Readable {
  readonly runId: RunId;
  readonly payload?: unknown;
  readonly output?: unknown;
}

/** The rows of one organization with what they refer to; null stands for what is gone. */
export async function readLarge<Row extends Readable>(
  large: LargeContents,
  orgId: OrganizationId,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  return Promise.all(
    rows.map(async (row) => {
      let seen = row;
      for (const kind of ['payload', 'output'] satisfies ContentKind[]) {
        const of = { orgId, runId: row.runId, kind };
        const reference = large.referenceIn(of, row[kind]);
        if (reference === null) continue;
        const text = await large.read(of, reference);
        seen = { ...seen, [kind]: text === null ? null : (JSON.parse(text) as unknown) };
      }
      return seen;
    }),
  );
}

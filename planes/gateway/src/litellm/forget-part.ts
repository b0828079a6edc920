import { Fault } from '@sagewai/fault';
import { setFacetLimits, UNLIMITED } from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';

import { deletePart, type PartChoice } from './described-parts.sql.ts';
import { dropHolder } from './named-budgets.sql.ts';

/** Its limits go with it: whoever is not described has those of each, if there are any. */
export async function forgetPart(tx: Tx, of: PartChoice): Promise<void> {
  const { orgId, facet, name } = of;
  if (!(await deletePart(tx, of))) {
    const detail = facet === 'tag' ? `There is no tag ${name}.` : notDescribed(name);
    throw new Fault('resource.missing', `no such ${facet}`, { detail });
  }
  await dropHolder(tx, { orgId, kind: facet, id: name });
  const scope = { orgId, kind: 'organization', id: orgId } as const;
  await setFacetLimits(tx, { scope, facet, name }, UNLIMITED);
}

export const notDescribed = (name: string): string => `The end user ${name} is not described.`;

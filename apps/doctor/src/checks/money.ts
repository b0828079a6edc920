import { listOrganizationIds } from '@sagewai/identity';
import { checkLedger, checkRollups, estimateSpendRows } from '@sagewai/ledger';
import type { Db } from '@sagewai/postgres';

import { failure, type Finding, ok } from '../finding.ts';

/** Rows that are read in a few seconds. */
const ROWS_MAX = 500_000;
const ORGANIZATIONS_MAX = 1_000;

const MEND =
  'Sums are made anew after `update spend_fold set cluster = 0; delete from spend_fold_mark`, as the owner; ' +
  'a balance that is wrong is a bug: keep the database as it is, and report it.';

/** Whether reports and balances are what the rows of spend say; not asked where there are too many. */
export async function checkMoney(db: Db, owner: Db): Promise<Finding> {
  const rows = await estimateSpendRows(owner);
  if (rows > ROWS_MAX) {
    return ok('money', `not compared: there are about ${rows} calls; the server looks at balances`);
  }
  const orgIds = await listOrganizationIds(owner, { limit: ORGANIZATIONS_MAX });
  let sums = 0;
  for (const orgId of orgIds) sums += (await checkRollups(db, orgId)).length;
  const balances = (await checkLedger(db, orgIds)).length;
  if (sums + balances === 0) return ok('money', 'sums and balances are those of their rows');
  return failure(
    'money',
    `${sums} sums and ${balances} balances are not those of their rows`,
    MEND,
  );
}

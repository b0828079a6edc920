/** A replica that settles calls by its journal, while its database keeps it waiting, until it is killed. */
import { connect } from '@sagewai/postgres';

import { type Account, settlementOf } from '../fixture.sql.ts';
import { admitted, CENT, openJournaled } from './journal-fixture.ts';

const [url, directory, account, ttlMs] = process.argv.slice(2) as [string, string, string, string];
const db = connect({ url, role: 'sagewai_request', maxConnections: 5 });
const shares = { ttlMs: Number(ttlMs) };
const journaled = openJournaled(db, { directory, lookEveryMs: 60_000 }, { shares });
const { ledger } = journaled;
const calls = await admitted(ledger, JSON.parse(account) as Account, 8, () => db.statementCount());
journaled.hold();
const [inDatabase, ...half] = calls;
if (!inDatabase) throw new Error('no calls');
// The first batch is under way; what comes now is in the journal only.
await Promise.all(
  half.slice(0, 5).map((call) => ledger.settle(settlementOf(call, { costPusd: CENT / 2n }))),
);
process.stdout.write(`${JSON.stringify(half.slice(0, 5).map(({ id }) => id))}\n`);
setInterval(() => undefined, 1_000);

import { once } from 'node:events';

import { Fault } from '@sagewai/fault';
import {
  type Caller,
  implementOwn,
  implementStream,
  type Route,
  SAFETY_HEADERS,
} from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import {
  exportAudit,
  formatEntry,
  listAudit,
  type OrganizationId,
  PLATFORM_CHAIN,
} from '@sagewai/wire';

import { readEntries, readHead } from './entries.sql.ts';

const PAGE_ENTRIES = 100;
const EXPORT_ENTRIES = 1_000;

export function trustRoutes({ db }: { readonly db: Db }): Route[] {
  return [
    implementOwn(listAudit, ({ query, caller }) => {
      const orgId = chooseChain(query.chain ?? 'organization', caller);
      const limit = query.limit ?? PAGE_ENTRIES;
      const order = query.order ?? 'newest';
      return inTenant(db, [orgId], async (tx) => {
        // Read first: whatever the entries show afterwards reaches at least as far.
        const head = await readHead(tx, orgId);
        const found = await readEntries(tx, { ...query, orgId, order, limit: limit + 1 });
        const entries = found.slice(0, limit);
        const last = entries.at(-1);
        return {
          entries,
          head,
          next_cursor: found.length > limit && last ? String(last.seq) : null,
        };
      });
    }),

    implementStream(exportAudit, async ({ query, caller, request, reply }) => {
      const orgId = chooseChain('organization', caller);
      const format = query.format ?? 'jsonl';
      let { cursor } = query;
      const type = format === 'jsonl' ? 'application/x-ndjson' : 'text/plain; charset=utf-8';
      for (;;) {
        const page = {
          orgId,
          since: query.since,
          cursor,
          order: 'oldest',
          limit: EXPORT_ENTRIES,
        } as const;
        // A page a transaction: a slow reader holds none open.
        const entries = await inTenant(db, [orgId], (tx) => readEntries(tx, page));
        if (!reply.headersSent) reply.writeHead(200, { ...SAFETY_HEADERS, 'content-type': type });
        const text = entries.map((entry) => `${formatEntry(entry, format)}\n`).join('');
        if (text !== '' && !reply.write(text)) {
          await once(reply, 'drain', { signal: request.signal });
        }
        if (entries.length < EXPORT_ENTRIES || request.signal.aborted) break;
        cursor = String(entries.at(-1)?.seq);
      }
      reply.end();
    }),
  ];
}

/** Which chain a caller may read; the platform's is for administrators of the platform. */
function chooseChain(chain: 'organization' | 'platform', caller: Caller): OrganizationId {
  if (chain === 'platform') {
    if (caller.scopes.has('platform')) return PLATFORM_CHAIN;
    throw new Fault(
      'caller.forbidden',
      `${caller.kind} ${caller.id} asked for the platform's chain`,
    );
  }
  if (caller.orgId !== null) return caller.orgId;
  throw new Fault('organization.required', 'the caller named no organization', {
    detail: 'Name the organization in the header X-Organization, or ask for chain=platform.',
  });
}

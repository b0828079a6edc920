import { chooseAttributes, type Shown } from './choose-attributes.ts';
import { type Listing, listOf } from './describe-service.ts';
import { type Filter, refused } from './filter.ts';
import { compileFilter, type Json } from './match-filter.ts';
import { type Narrowed, narrowFilter } from './narrow-filter.ts';
import { pageOf } from './page-of.ts';
import { parseFilter } from './parse-filter.ts';
import { demand } from './refuse.ts';
import type { ResourceKind } from './schema.ts';
import type { Slice } from './users.sql.ts';

export interface Asked extends Shown {
  readonly filter?: string | undefined;
  readonly startIndex?: number;
  readonly count?: number;
}

/** Where resources of one kind come from. */
export interface Source {
  readonly kind: ResourceKind;
  count(narrowed: Narrowed): Promise<number>;
  read(narrowed: Narrowed, slice: Slice): Promise<readonly Json[]>;
}

/** A filter that the database cannot look up is tried on so many at most. */
const SCANNED_MAX = 20_000;
const SCANNED_AT_ONCE = 500;

/**
 * What meets the filter, page by page. The database looks up what it can (userName, externalId, id,
 * displayName, a member), and the whole filter is then tried on what it found.
 */
export async function findResources(source: Source, asked: Asked): Promise<Listing> {
  const page = pageOf(asked);
  const { kind } = source;
  const text = asked.filter?.trim() ?? '';
  const show = (each: Json): Json => chooseAttributes(kind, each, asked);
  if (text === '') {
    const total = await source.count({});
    const slice = { offset: page.startIndex - 1, limit: page.count };
    const found = page.count === 0 ? [] : await source.read({}, slice);
    return listOf(found.map(show), { total, startIndex: page.startIndex });
  }
  const { filter } = demand(parseFilter(text));
  const met = await scan(source, filter);
  const shown = met.slice(page.startIndex - 1, page.startIndex - 1 + page.count);
  return listOf(shown.map(show), { total: met.length, startIndex: page.startIndex });
}

async function scan(source: Source, filter: Filter): Promise<readonly Json[]> {
  const { matches } = demand(compileFilter(source.kind, filter));
  const narrowed = narrowFilter(filter);
  const total = await source.count(narrowed);
  if (total > SCANNED_MAX) {
    demand(
      refused(
        'tooMany',
        `The filter would be tried on ${total} resources: say userName, displayName, externalId or id.`,
      ),
    );
  }
  const met: Json[] = [];
  for (let offset = 0; offset < total; offset += SCANNED_AT_ONCE) {
    const read = await source.read(narrowed, { offset, limit: SCANNED_AT_ONCE });
    met.push(...read.filter(matches));
  }
  return met;
}

/** A search by POST says the same in a body (RFC 7644, 3.4.3). */
export function readSearch(body: Json): Asked {
  const list = (value: unknown): string | undefined =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string').join(',') : undefined;
  const number = (value: unknown): number | undefined =>
    typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  const { filter, attributes, excludedAttributes } = body;
  const startIndex = number(body['startIndex']);
  const count = number(body['count']);
  return {
    filter: typeof filter === 'string' ? filter : undefined,
    attributes: list(attributes),
    excludedAttributes: list(excludedAttributes),
    ...(startIndex === undefined ? {} : { startIndex }),
    ...(count === undefined ? {} : { count }),
  };
}

import { readLarge } from '../objects/read-large.ts';
import type { FleetParts } from '../parts.ts';
import { openContents } from '../secrecy/open-contents.ts';
import type { RunDetail } from './runs.sql.ts';

/** As its readers see it. No connection to the database is held while an object is read. */
export async function openRun(
  { largeContents, contentKeys }: Pick<FleetParts, 'largeContents' | 'contentKeys'>,
  run: RunDetail,
): Promise<RunDetail> {
  const { orgId } = run;
  const whole = await readLarge(largeContents, orgId, [run]);
  const [seen] = await openContents(contentKeys, { orgId }, whole);
  return seen ?? run;
}

import { inTenant } from '@sagewai/postgres';

import type { FleetOptions } from '../fleet-options.ts';
import { ContentKeys } from '../secrecy/content-keys.ts';
import type { FleetSettings } from '../settings.ts';
import { LargeContents } from './large-contents.ts';
import { findStoredContent } from './objects.sql.ts';

/** What the contents of runs are kept with. */
export function createContentParts(
  { db, dispatch, clock, objects, sealingKeys, lastingKeys }: FleetOptions,
  { payloadBytesMax, objectThresholdBytes, objectTransfersMax }: FleetSettings,
): { readonly contentKeys: ContentKeys; readonly largeContents: LargeContents } {
  return {
    contentKeys: new ContentKeys({ db, dispatch, clock, masterKeys: sealingKeys }),
    largeContents: new LargeContents({
      store: objects,
      mac: lastingKeys.contentReference,
      bytesMax: payloadBytesMax,
      thresholdBytes: objectThresholdBytes,
      transfersMax: objectTransfersMax,
      reread: (of) => inTenant(db, [of.orgId], (tx) => findStoredContent(tx, of)),
    }),
  };
}

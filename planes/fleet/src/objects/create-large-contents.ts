import { deriveKey } from '@sagewai/crypto';
import { inTenant } from '@sagewai/postgres';

import type { FleetOptions } from '../fleet-options.ts';
import type { FleetSettings } from '../settings.ts';
import { LargeContents } from './large-contents.ts';
import { findStoredContent } from './objects.sql.ts';

export const createLargeContents = (
  { db, objects, sealingKey }: FleetOptions,
  { payloadBytesMax, objectThresholdBytes, objectTransfersMax }: FleetSettings,
): LargeContents =>
  new LargeContents({
    store: objects,
    mac: deriveKey(sealingKey, 'content-reference'),
    bytesMax: payloadBytesMax,
    thresholdBytes: objectThresholdBytes,
    transfersMax: objectTransfersMax,
    reread: (of) => inTenant(db, [of.orgId], (tx) => findStoredContent(tx, of)),
  });

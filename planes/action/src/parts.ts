import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import type { Fleet } from '@sagewai/fleet';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import type { Db } from '@sagewai/postgres';

import type { ActionSettings } from './action-options.ts';
import type { CallEnds } from './call-ends.ts';
import type { CredentialReferences } from './credentials.ts';
import type { Offers } from './mcp/offers.ts';
import type { ToolMeters } from './meters.ts';
import type { Schemas } from './schemas.ts';

/** What the routes and jobs of one replica share. */
export interface ActionParts {
  readonly db: Db;
  readonly dispatch: Db;
  readonly fleet: Pick<Fleet, 'signal'>;
  readonly objects: ObjectStore;
  /** A5. The one way out. */
  readonly egress: PublicEgress;
  readonly keys: SealingKeys;
  readonly references: CredentialReferences;
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: ActionSettings;
  readonly meters: ToolMeters;
  readonly ends: CallEnds;
  /** What MCP clients have beside tools; null: nothing. */
  readonly offers: Offers | null;
}

import { mintToken } from '@sagewai/crypto';

import type { UpConfig } from './config.ts';
import { readState, saveState } from './kept-state.ts';

/** The given one, else the one of the first start, which is now. */
export async function findAdminToken(home: string, config: UpConfig): Promise<string> {
  if (config.sagewaiAdminToken !== null) return config.sagewaiAdminToken.reveal();
  const kept = await readState(home);
  if (kept.adminToken !== undefined) return kept.adminToken;
  const adminToken = mintToken('sat-');
  // Kept before anybody uses it: a start that breaks off must not lose it.
  await saveState(home, { ...kept, adminToken });
  return adminToken;
}

import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { NewRun } from '../run.ts';
import type { ContentKeys } from './content-keys.ts';
import { parseContent } from './content.ts';

/** What one run was given is given to another: what is encrypted stands under the key of its run (E3). */
export async function movePayload(
  keys: ContentKeys,
  tx: Tx,
  { from, to }: { readonly from: RunId; readonly to: NewRun },
): Promise<NewRun> {
  const { orgId, projectId, runId } = to;
  const content = to.payload.startsWith('"enc1.') ? (JSON.parse(to.payload) as string) : null;
  const keyId = content === null ? undefined : parseContent(content)?.keyId;
  if (content === null || keyId === undefined) {
    const sealer = await keys.sealer(orgId, projectId);
    // Stored before encryption was switched on, and not swept yet (E1).
    return sealer === null
      ? to
      : { ...to, payload: JSON.stringify(sealer.encrypt(runId, to.payload)) };
  }
  await keys.hold(orgId, [keyId], tx);
  const text = keys.decrypt(from, content);
  if (text === null) {
    throw new Fault('state.conflict', `the payload of run ${from} does not open`, {
      detail: `The payload of run ${from} cannot be read: its key is gone.`,
    });
  }
  const sealer = await keys.sealer(orgId, projectId);
  return { ...to, payload: sealer ? JSON.stringify(sealer.encrypt(runId, text)) : text };
}

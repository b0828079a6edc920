import type { Tx } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { LargeContents } from '../objects/large-contents.ts';
import type { NewRun } from '../runs/run.ts';
import type { ContentKeys } from './content-keys.ts';
import { parseContent } from './content.ts';

interface Means {
  readonly contentKeys: ContentKeys;
  readonly largeContents: LargeContents;
}

/**
 * What one run was given is given to another: what is encrypted stands under the key of its run (E3), what
 * is large in an object of its own. Null: it cannot be read any more.
 */
export async function movePayload(
  { contentKeys, largeContents }: Means,
  tx: Tx,
  { from, to }: { readonly from: RunId; readonly to: NewRun },
): Promise<NewRun | null> {
  const { orgId, projectId, runId } = to;
  const stored = await largeContents.resolve({ orgId, runId: from, kind: 'payload' }, to.payload);
  const text = stored === null ? null : await open(contentKeys, tx, { ...to, runId: from }, stored);
  if (text === null) return null;
  const sealer = await contentKeys.sealer(orgId, projectId);
  const sealed = sealer === null ? text : JSON.stringify(sealer.encrypt(runId, text));
  return { ...to, payload: await largeContents.keep({ orgId, runId, kind: 'payload' }, sealed) };
}

/** Null: its key is gone. */
async function open(
  keys: ContentKeys,
  tx: Tx,
  { orgId, runId }: Pick<NewRun, 'orgId' | 'runId'>,
  stored: string,
): Promise<string | null> {
  const content = stored.startsWith('"enc1.') ? (JSON.parse(stored) as string) : null;
  const keyId = content === null ? undefined : parseContent(content)?.keyId;
  if (content === null || keyId === undefined) return stored;
  await keys.hold(orgId, [keyId], tx);
  return keys.decrypt(runId, content);
}

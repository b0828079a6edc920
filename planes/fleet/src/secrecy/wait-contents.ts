import { Fault } from '@sagewai/fault';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { ClaimedRun } from '../runs/run.ts';
import type { Wait } from '../waits/wait.ts';
import type { ContentKeys } from './content-keys.ts';
import { looksEncrypted, parseContent } from './content.ts';
import { openContents } from './open-contents.ts';

interface OfRun {
  readonly orgId: OrganizationId;
  readonly runId: RunId;
}

/** What a run asks a person, as it is stored (E1). */
export async function sealPrompt(
  keys: ContentKeys,
  { orgId, runId }: OfRun,
  prompt: string | null,
): Promise<string | null> {
  if (prompt === null) return null;
  if (looksEncrypted(prompt)) throw forged('prompt'); // E4
  if (!(await keys.encrypts(orgId))) return prompt;
  const projectId = await keys.projectOf(orgId, runId);
  // Of no run that there is: the wait is about to be refused, and is not stored.
  const sealer = projectId === null ? null : await keys.sealer(orgId, projectId);
  return sealer === null ? null : sealer.encrypt(runId, prompt);
}

/** The value of a signal or of an answer (JSON text), as it is stored (E1). */
export async function sealValue(
  keys: ContentKeys,
  { orgId, runId, projectId }: OfRun & { readonly projectId: ProjectId },
  value: string | null,
): Promise<string | null> {
  if (value === null) return null;
  if (value.startsWith('"enc1.')) throw forged('value'); // E4
  const sealer = await keys.sealer(orgId, projectId);
  return sealer === null ? value : JSON.stringify(sealer.encrypt(runId, value));
}

/** A wait as its readers see it. */
export async function openWait(
  keys: ContentKeys,
  { orgId, runId, tx }: OfRun & { readonly tx: Executor },
  wait: Wait | null,
): Promise<Wait | null> {
  if (wait === null) return null;
  const [opened] = await openContents(keys, { orgId, tx }, [{ runId, error: wait.prompt }]);
  return { ...wait, prompt: opened?.error ?? null };
}

/** Claimed runs with what has ended their waits in clear, for their workers. In clear, it asks nobody. */
export async function openResumes(
  keys: ContentKeys,
  orgId: OrganizationId,
  runs: readonly ClaimedRun[],
): Promise<readonly ClaimedRun[]> {
  if (!runs.some(({ resume }) => resume?.includes('"enc1.'))) return runs;
  const rows = runs.map(({ runId, resume }) => {
    const parsed = resume === null ? null : (JSON.parse(resume) as { value: unknown });
    const isSealed = typeof parsed?.value === 'string' && parseContent(parsed.value) !== null;
    return { runId, parsed, output: isSealed ? parsed.value : null, isSealed };
  });
  const opened = await openContents(keys, { orgId }, rows);
  return runs.map((run, at) => {
    const row = opened[at];
    if (row?.isSealed !== true) return run;
    return { ...run, resume: JSON.stringify({ ...row.parsed, value: row.output }) };
  });
}

const forged = (what: string): Fault =>
  new Fault('request.invalid', `a ${what} looks like an encrypted one`, {
    detail: `${what}: it has the form of an encrypted text.`,
  });

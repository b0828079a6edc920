import {
  type HpkeKeyPair,
  isSealedResult,
  openPayload,
  openResult,
  readSealed,
} from '@sagewai/seal';

/** A run, as the API answers it. */
export interface SealedRun {
  readonly id: string;
  readonly organization_id: string;
  readonly project_id: string;
  readonly payload: unknown;
  readonly output: unknown;
  readonly error: string | null;
  readonly attempts?: readonly { readonly error: string | null }[];
}

export type OpenedRun<Run> =
  | { readonly kind: 'opened'; readonly run: Run }
  | { readonly kind: 'clear' }
  | { readonly kind: 'refused'; readonly why: string };

/** The same run with its payload, output and error in clear, for the submitter of a sealed payload. */
export function openRun<Run extends SealedRun>(run: Run, pair: HpkeKeyPair): OpenedRun<Run> {
  const read = readSealed(run.payload);
  if (read.kind === 'clear') return { kind: 'clear' };
  if (read.kind === 'malformed') return { kind: 'refused', why: `its payload ${read.why}` };
  const { envelope } = read;
  const { organization_id: organizationId, project_id: projectId, id: runId } = run;
  const opened = openPayload(envelope, pair, { organizationId, projectId });
  if (opened.kind === 'refused') return opened;
  const { payload, contentKey } = opened;
  const open = (sealed: string, part: 'output' | 'error'): string | null =>
    openResult(sealed, pair, { envelope, contentKey, runId, part });

  let { output, error } = run;
  if (isSealedResult(output)) {
    const text = open(output, 'output');
    if (text === null) return { kind: 'refused', why: 'its output is not sealed for this key' };
    output = JSON.parse(text) as unknown;
  }
  if (isSealedResult(error)) {
    error = open(error, 'error');
    if (error === null) return { kind: 'refused', why: 'its error is not sealed for this key' };
  }
  const attempts = run.attempts?.map((attempt) => {
    const sealed = attempt.error;
    return isSealedResult(sealed) ? { ...attempt, error: open(sealed, 'error') } : attempt;
  });
  const also = attempts === undefined ? {} : { attempts };
  return { kind: 'opened', run: { ...run, payload, output, error, ...also } };
}

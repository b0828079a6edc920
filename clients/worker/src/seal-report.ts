import { fernetDecrypt, fernetEncrypt, fernetKey } from '@sagewai/seal';

import type { Lease } from './lease.ts';
import type { Report } from './outbox.ts';
import { RunFailed } from './workflows/workflow.ts';

/** What the run is given. */
export function openPayload({ payload, contentKey }: Lease): unknown {
  if (contentKey === null) return payload;
  const key = fernetKey(contentKey.key);
  const opened =
    key && typeof payload === 'string'
      ? fernetDecrypt(key, payload, { now: new Date(), ttlSeconds: null })
      : null;
  if (opened?.kind === 'opened') return JSON.parse(opened.data.toString()) as unknown;
  // A clock that is wrong here will be wrong at the next try; another worker's may not be.
  throw new RunFailed('the payload does not open with the key that came with it', { retry: true });
}

/** The same report as nobody but its readers reads it: with the key of the run, where it has one. */
export function sealReport(report: Report, { contentKey }: Lease): Report {
  const key = contentKey === null ? null : fernetKey(contentKey.key);
  if (contentKey === null || key === null) return report;
  const { output, error } = report;
  const seal = (text: string): string => fernetEncrypt(key, text, new Date());
  const text = output === undefined || output === null ? undefined : JSON.stringify(output);
  return {
    ...report,
    content_key_id: contentKey.id,
    ...(text === undefined ? {} : { output: seal(text) }),
    ...(typeof error === 'string' ? { error: seal(error) } : {}),
  };
}

import { Fault } from '@sagewai/fault';

import type { Submission, Submitting } from '../runs/submissions.ts';
import { isSealedFor } from './seal-keys.ts';

/** An envelope of another project is one that no worker would open. */
export function demandOwnSeal({ payload }: Submission, by: Submitting, at: number): void {
  if (isSealedFor(payload, { organizationId: by.orgId, projectId: by.projectId })) return;
  const message = 'is sealed for another project';
  throw new Fault('request.invalid', 'a payload is sealed for another project', {
    detail: `payload/sealed: ${message}.`,
    mistakes: [{ part: 'body', path: `/${at}/payload/sealed`, message }],
  });
}

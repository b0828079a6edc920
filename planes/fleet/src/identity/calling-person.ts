import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import { leaseOf } from '@sagewai/identity';
import { nameActor } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import type { Submitter } from '../runs/submissions.ts';

/** The organization that somebody acts for. */
export function demandOrganization({ orgId }: Caller): OrganizationId {
  if (orgId !== null) return orgId;
  throw new Fault('organization.required', 'the caller has no organization', {
    detail: 'Say which organization in the header X-Organization.',
  });
}

/** Who submits, and for which project. */
export function submitterOf(caller: Caller): Submitter {
  const orgId = demandOrganization(caller);
  const { projectId } = caller;
  if (projectId === null) throw new Fault('project.missing', 'the caller has no project');
  const lease = leaseOf(caller);
  const by = { orgId, projectId, actor: nameActor(caller) };
  return lease === null ? by : { ...by, lease };
}

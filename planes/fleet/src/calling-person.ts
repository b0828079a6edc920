import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import type { OrganizationId } from '@sagewai/wire';

/** The organization that somebody acts for. */
export function demandOrganization({ orgId }: Caller): OrganizationId {
  if (orgId !== null) return orgId;
  throw new Fault('organization.required', 'the caller has no organization', {
    detail: 'Say which organization in the header X-Organization.',
  });
}

import { callContext, toolContext } from '@sagewai/action';
import { sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

interface OfTools {
  readonly table: string;
  readonly column: string;
  readonly isolated: true;
  readonly purpose: 'tools';
  readonly from: Statement<unknown>;
  readonly value: Statement<unknown>;
  readonly how: {
    readonly by: 'row';
    readonly id: Statement<unknown>;
    readonly idType: Statement<unknown>;
    readonly names: Statement<unknown>;
    readonly contextOf: (names: readonly string[]) => string;
  };
}

const byOrganization = (contextOf: typeof toolContext): OfTools['how'] => ({
  by: 'row',
  id: sql`id`,
  idType: sql`uuid`,
  names: sql`array[org_id::text, id::text]`,
  contextOf: ([orgId = '', id = '']) => contextOf({ orgId: orgId as OrganizationId, id }),
});

/** Credentials of tools, and the keys under which their calls stand. */
export const SEALED_OF_TOOLS: readonly OfTools[] = [
  {
    table: 'tool',
    column: 'sealed_credential',
    isolated: true,
    purpose: 'tools',
    from: sql`tool`,
    value: sql`sealed_credential`,
    how: byOrganization(toolContext),
  },
  {
    table: 'tool_call',
    column: 'sealed_key',
    isolated: true,
    purpose: 'tools',
    from: sql`tool_call`,
    value: sql`sealed_key`,
    how: byOrganization(callContext),
  },
];

import { type Db, inTenant, sql } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { SlotLimit } from '../keys/virtual-key.ts';

export interface SlotCall {
  readonly orgId: OrganizationId;
  readonly callId: string;
  readonly slots: readonly SlotLimit[];
}

/** One slot of each for the call; else the one that has none left, and nothing is taken (M7). */
export async function takeSlots(
  db: Db,
  { orgId, callId, slots }: SlotCall,
  ttlMs: number,
): Promise<SlotLimit | null> {
  const { rows } = await sql<{ full: number }>`
    select gateway_take_slots(
      ${orgId}::uuid, ${callId}::uuid, ${slots.map(({ kind }) => kind)}::text[],
      ${slots.map(({ id }) => id)}::text[], ${slots.map(({ max }) => max)}::int[],
      ${Math.ceil(ttlMs)}::bigint) as full
  `.execute(db);
  return slots[(rows[0]?.full ?? 0) - 1] ?? null;
}

/** Giving back what was given back, or has expired, changes nothing. */
export async function giveSlotsBack(db: Db, { orgId, callId, slots }: SlotCall): Promise<void> {
  await inTenant(db, [orgId], (tx) =>
    sql`
      delete from call_slot s
      using unnest(${slots.map(({ kind }) => kind)}::text[], ${slots.map(({ id }) => id)}::text[])
        g(kind, id)
      where s.org_id = ${orgId} and s.scope_kind = g.kind and s.scope_id = g.id
        and s.call_id = ${callId}::uuid
    `.execute(tx),
  );
}

import { Fault } from '@sagewai/fault';

/** What stands for something that a provider keeps: the ids of one tenant would open it to another. */
const KEPT = {
  previous_response_id:
    'name a response that was answered here by a provider that keeps it, or send the whole conversation as `input`',
  conversation: 'send the whole conversation as `input`, with what the model answered',
} as const;

interface Stored {
  readonly input?: unknown;
  readonly background?: unknown;
  readonly previous_response_id?: unknown;
  readonly conversation?: unknown;
}

/**
 * Refuses a response that goes on from one that is kept elsewhere, and one that is made while nobody waits:
 * its usage would be told to whoever fetches it (M3).
 */
export function refuseStored(body: object): void {
  const stored = body as Stored;
  for (const [field, instead] of Object.entries(KEPT)) {
    const value = stored[field as keyof typeof KEPT];
    if (value !== undefined && value !== null) throw notKept(field, instead);
  }
  if (stored.background === true) throw notKept('background', 'wait for the answer, or stream it');
  const items = Array.isArray(stored.input) ? (stored.input as readonly unknown[]) : [];
  if (items.some(isReference)) throw notKept('input', 'send items whole, not by their ids');
}

/** An item that has nothing but its id is one too. */
function isReference(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const { type, role } = item as { readonly type?: unknown; readonly role?: unknown };
  return type === 'item_reference' || (type === undefined && role === undefined && 'id' in item);
}

function notKept(field: string, instead: string): Fault {
  return new Fault('request.invalid', `${field} names something that is kept elsewhere`, {
    detail: `\`${field}\` stands for something that is not kept here: ${instead}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message: instead }],
  });
}

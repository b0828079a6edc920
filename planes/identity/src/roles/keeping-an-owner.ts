import { Fault } from '@sagewai/fault';

/** Says in our words that the database keeps the last owner (I11). */
export async function keepingAnOwner<Result>(change: () => Promise<Result>): Promise<Result> {
  try {
    return await change();
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    throw new Fault('state.conflict', 'the last owner stays', {
      detail:
        'This is the last active owner of the organization. Make another account owner first.',
    });
  }
}

/** The database's error, or what wraps it. */
function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { constraint } = thrown as { constraint?: unknown };
  return constraint === 'an_organization_keeps_an_owner' || isRefusal(thrown.cause);
}

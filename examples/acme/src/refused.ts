import { SagewaiError } from '@sagewai/sdk';

import type { Check } from './check-isolation.ts';

/** The status that it is refused with, or that it was answered. */
export async function attempt(tried: () => Promise<unknown>): Promise<number | 'answered'> {
  try {
    await tried();
    return 'answered';
  } catch (error) {
    if (!(error instanceof SagewaiError)) throw error;
    return error.status;
  }
}

export async function refused(
  promise: string,
  status: number,
  tried: () => Promise<unknown>,
): Promise<Check> {
  const seen = await attempt(tried);
  return { promise, holds: seen === status, seen: `${seen}` };
}

import type { Submission } from '@sagewai/sdk';
import { InvalidArgumentError } from 'commander';

/** What is wrong in it is told by the server, which knows every field. */
export function retryPolicy(text: string): Submission['retry'] {
  try {
    return JSON.parse(text) as Submission['retry'];
  } catch {
    throw new InvalidArgumentError('expected JSON such as {"classes":{"error":true}}');
  }
}

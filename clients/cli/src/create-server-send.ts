import type { Send } from '@sagewai/sdk';
import { createNodeSend, readCa } from '@sagewai/sdk/node';

import { UsageError } from './usage-error.ts';

/** Trusts what Node trusts, and a private authority when a file of one is named. */
export async function createServerSend(caFile: string | undefined): Promise<Send> {
  if (!caFile) return createNodeSend();
  try {
    return createNodeSend({ ca: await readCa(caFile) });
  } catch (error) {
    throw new UsageError(`--ca-file: ${(error as Error).message}`);
  }
}

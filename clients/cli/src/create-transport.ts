import type { Open, Send } from '@sagewai/sdk';
import { createNodeOpen, createNodeSend, readCa } from '@sagewai/sdk/node';

import { UsageError } from './usage-error.ts';

export interface Transport {
  readonly send: Send;
  /** For answers that are read while they come. */
  readonly open: Open;
}

/** Trusts what Node trusts, and a private authority when a file of one is named. */
export async function createTransport(caFile: string | undefined): Promise<Transport> {
  const options = caFile ? { ca: await readNamed(caFile) } : {};
  return { send: createNodeSend(options), open: createNodeOpen(options) };
}

async function readNamed(caFile: string): Promise<string> {
  try {
    return await readCa(caFile);
  } catch (error) {
    throw new UsageError(`--ca-file: ${(error as Error).message}`);
  }
}

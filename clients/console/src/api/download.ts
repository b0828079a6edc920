import type { CallInput, Send } from '@sagewai/sdk';

import { call } from './server.ts';

export type ExportId = 'ledger.exportSpend' | 'trust.exportAudit';

const LONG_MS = 10 * 60_000;

/** Saves an export as a file. A link would carry neither the token nor where the page is. */
export async function download<Id extends ExportId>(
  id: Id,
  input: CallInput<Id>,
  name: string,
): Promise<void> {
  const files: Blob[] = [];
  const keep: Send = async ({ url, ...request }) => {
    const response = await fetch(url, { ...request, redirect: 'manual' });
    const header = (field: string): string | null => response.headers.get(field);
    if (!response.ok) return { status: response.status, text: await response.text(), header };
    files.push(await response.blob());
    return { status: 204, text: '', header };
  };
  await call(id, input, { timeoutMs: LONG_MS }, keep);
  for (const file of files) save(file, name);
}

function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Browsers may begin to read it after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

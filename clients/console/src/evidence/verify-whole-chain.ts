import type { CallOutput } from '@sagewai/sdk';
import type { Verdict } from '@sagewai/verify';
import { verifyChain } from '@sagewai/verify/chain';

type Page = CallOutput<'trust.listAudit'>;
type Entry = Page['entries'][number];

/** Reads a page of the chain, oldest first, from a cursor on. */
export type ReadPage = (cursor: string | null) => Promise<Page>;

/**
 * Checks the chain here, from its first entry to the head that was told with the first page. The server is asked for
 * entries only: what it says about them counts for nothing.
 */
export async function verifyWholeChain(
  read: ReadPage,
  onProgress: (checked: number, of: number) => void,
): Promise<Verdict> {
  const first = await read(null);
  const head = first.head;
  let checked = 0;
  async function* entries(): AsyncGenerator<Entry> {
    for (let page = first; ; page = await read(page.next_cursor)) {
      for (const entry of page.entries) {
        // What has been appended meanwhile is for the next time.
        if (head !== null && entry.seq > head.seq) return;
        yield entry;
        checked += 1;
      }
      onProgress(checked, head?.seq ?? checked);
      if (page.next_cursor === null) return;
    }
  }
  return verifyChain(entries(), { head });
}

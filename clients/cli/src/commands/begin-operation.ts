import type { CallOutput } from '@sagewai/sdk';

import type { Context } from '../context.ts';

type Begun = CallOutput<'runs.cancelRuns'>;

const LOOK_EVERY_MS = 500;

/** Tells what was found, and waits until it is done. A preview ends here. */
export async function showOperation(
  context: Context,
  { what, begun }: { readonly what: string; readonly begun: Begun },
): Promise<void> {
  const more = begun.more ? ' (there are more: repeat it afterwards)' : '';
  if (begun.operation_id === null) {
    const lines = [`Would ${what} ${begun.count} runs${more}.`, ...begun.sample];
    context.show(begun, lines.join('\n'));
    return;
  }
  const params = { operation_id: begun.operation_id };
  for (;;) {
    const operation = await context.client.call('fleet.getOperation', { params });
    const { state, done, skipped, total } = operation;
    if (state === 'done') {
      const gone = skipped === 0 ? '' : `; ${skipped} had gone their own way`;
      context.show(operation, `Done: ${done} of ${total}${gone}${more}.`);
      return;
    }
    context.terminal.note(`${done + skipped} of ${total}`);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_EVERY_MS));
    context.signal.throwIfAborted();
  }
}

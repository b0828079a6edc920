import { type SagewaiClient, SagewaiError } from '@sagewai/sdk';
import { jsonSchemaOf } from '@sagewai/sdk/workflow';

import type { WorkflowTable } from './durable/run-durable.ts';
import type { WorkerLog } from './log.ts';

/** As the server takes them at once. */
const BATCH_MAX = 200;

/**
 * Tells the server what it can be asked for by name. Runs come by their payload too, so nothing here keeps it from
 * working; false: it was not approved yet, and is to say it again.
 */
export async function tellWorkflows(
  client: SagewaiClient,
  workflows: WorkflowTable,
  log: WorkerLog,
  signal: AbortSignal,
): Promise<boolean> {
  const all = [...workflows.values()].map(({ name, schema }) => {
    const inputSchema = jsonSchemaOf(schema);
    return inputSchema === null ? { name } : { name, input_schema: inputSchema };
  });
  try {
    for (let at = 0; at < all.length; at += BATCH_MAX) {
      const body = { workflows: all.slice(at, at + BATCH_MAX) };
      const given = { signal, attemptsMax: 3 };
      const { unused_schemas: unused } = await client.call(
        'fleet.registerWorkflows',
        { body },
        given,
      );
      for (const { name, why } of unused) {
        log.warn(`the server cannot check what ${name} is given, the worker will: ${why}`);
      }
    }
    return true;
  } catch (thrown) {
    if (signal.aborted) return false;
    if (thrown instanceof SagewaiError && thrown.code === 'worker.unapproved') return false;
    const why = thrown instanceof SagewaiError ? thrown.detail : String(thrown);
    log.warn(`its workflows cannot be asked for by name until it starts again: ${why}`);
    return true;
  }
}

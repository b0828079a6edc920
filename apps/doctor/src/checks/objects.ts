import { ConfigError } from '@sagewai/config';
import { type ObjectStore, probeStore } from '@sagewai/objects';
import { configuredStore, type ServerConfig } from '@sagewai/server';

import { failure, type Finding, ok, warning } from '../finding.ts';

export interface Sharing {
  /** The database is on another machine, or is not Sagewai's own: replicas may share it. */
  readonly mayHaveReplicas: boolean;
  /** The operator has said where the objects are. */
  readonly isNamed: boolean;
}

/** Whether large payloads and outputs can be written, read and deleted, and by every replica. */
export async function checkObjects(config: ServerConfig, sharing: Sharing): Promise<Finding> {
  let store: ObjectStore;
  try {
    store = configuredStore(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return failure('objects', error.mistakes.join('; '), 'docs/guides/configure-it.md tells how.');
  }
  try {
    return judgeStore(store, (await probeStore(store)).latencyMs, sharing);
  } catch (error) {
    const why = reasonOf(error);
    const mend =
      store.kind === 'files'
        ? 'Let the server write there, or name another folder with OBJECT_STORE_URL.'
        : 'Check OBJECT_STORE_URL, OBJECT_STORE_ENDPOINT, OBJECT_STORE_REGION and the AWS_… keys.';
    return failure('objects', `${store.place} does not work: ${why}`, mend);
  } finally {
    await store.close();
  }
}

export function judgeStore(
  { kind, place }: Pick<ObjectStore, 'kind' | 'place'>,
  latencyMs: number,
  { mayHaveReplicas, isNamed }: Sharing,
): Finding {
  const found = `${place} keeps what it is given (${latencyMs} ms)`;
  if (kind === 's3' || !mayHaveReplicas || isNamed) return ok('objects', found);
  return warning(
    'objects',
    `${place} is on this machine alone`,
    'Replicas need one store: OBJECT_STORE_URL=s3://bucket, or a folder that all of them share.',
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it does not answer';
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}

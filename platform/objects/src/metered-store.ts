import type { Metrics } from '@sagewai/telemetry';

import type { ObjectStore } from './object-store.ts';

/** The same store, in numbers. */
export function meteredStore(store: ObjectStore, metrics: Metrics): ObjectStore {
  const bytes = metrics.counter({
    name: 'sagewai_object_bytes_total',
    help: 'Bytes written to and read from the object store.',
    labels: ['operation'],
  });
  const errors = metrics.counter({
    name: 'sagewai_object_errors_total',
    help: 'Operations of the object store that failed, after all tries.',
    labels: ['operation'],
  });
  const seconds = metrics.histogram({
    name: 'sagewai_object_seconds',
    help: 'How long an operation of the object store took, with its tries.',
    labels: ['operation'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  });
  const measured = async <Value>(
    operation: 'put' | 'get' | 'delete',
    work: Promise<Value>,
  ): Promise<Value> => {
    const startedAt = performance.now();
    try {
      return await work;
    } catch (error) {
      errors.add({ operation });
      throw error;
    } finally {
      seconds.observe({ operation }, (performance.now() - startedAt) / 1_000);
    }
  };
  return {
    kind: store.kind,
    place: store.place,
    put: async (key, data) => {
      await measured('put', store.put(key, data));
      bytes.add({ operation: 'put' }, data.length);
    },
    get: async (key) => {
      const found = await measured('get', store.get(key));
      bytes.add({ operation: 'get' }, found?.length ?? 0);
      return found;
    },
    delete: (key) => measured('delete', store.delete(key)),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
  };
}

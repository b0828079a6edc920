export { FileStore } from './file-store.ts';
export { meteredStore } from './metered-store.ts';
export type { FoundObject, ObjectStore } from './object-store.ts';
export { findStoreMistake, openObjectStore, type ObjectStoreOptions } from './open-object-store.ts';
export { probeStore } from './probe-store.ts';

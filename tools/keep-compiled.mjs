// Strips of their types what a worker's thread of heartbeats loads: it begins once the worker has told V8 to save
// memory, and what is kept belongs to the flags that V8 has. The rest was stripped by asking each process for its
// help. Run once, after an installation.
import nodeModule from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

const root = join(import.meta.dirname, '..');
setFlagsFromString('--optimize-for-size');
nodeModule.enableCompileCache(join(root, 'node_modules', '.cache', 'sagewai'));
// It looks for the thread that started it, and there is none.
await import(join(root, 'clients', 'worker', 'src', 'heartbeat-thread.ts')).catch(() => {});

/** A process of its own, so that its work never waits for the benchmark's and can be told apart. */
import { generate } from './generate.ts';
import type { Load } from './load.ts';

process.on('message', (load: Load) => {
  void generate(load).then((outcome) => process.send?.(outcome));
});
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());

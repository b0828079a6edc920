export { type Engine, originOf } from './engine.ts';
export { createEngines, type Engines, type EnginesOptions } from './engines.ts';
export type { MadeFile } from './put-files.ts';
export { checkCommands } from './read-commands.ts';

export type { Engine } from './engine.ts';
export { createEngines, type Engines, type EnginesOptions } from './engines.ts';
export { checkCommands } from './read-commands.ts';

#!/usr/bin/env node
// The `sage-edge` command: `sagewai edge` by its own name.
import { fileURLToPath } from 'node:url';

// As it would be typed: a process that starts itself again repeats these words.
process.argv.splice(1, 1, fileURLToPath(new URL('./sagewai.js', import.meta.url)), 'edge');
await import('./sagewai.js');

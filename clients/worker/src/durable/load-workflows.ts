import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ConfigError } from '@sagewai/config';
import type { WorkflowDefinition } from '@sagewai/sdk/workflow';

import { batch } from '../workflows/batch.ts';
import type { WorkflowTable } from './run-durable.ts';

/** What comes with the worker, by the word that `WORKER_WORKFLOWS` has for it. */
const BUILT_IN: Readonly<Record<string, WorkflowDefinition>> = { batch };

/** What modules export as `workflows`, and built-in ones, by name, beside those that are there already. */
export async function loadWorkflows(
  paths: readonly string[],
  given: WorkflowTable = new Map(),
): Promise<WorkflowTable> {
  const table = new Map<string, WorkflowDefinition>(given);
  for (const path of paths) {
    for (const definition of await load(path)) {
      if (table.has(definition.name)) throw wrong(`two workflows are called ${definition.name}`);
      table.set(definition.name, definition);
    }
  }
  return table;
}

async function load(path: string): Promise<readonly WorkflowDefinition[]> {
  const builtIn = Object.hasOwn(BUILT_IN, path) ? BUILT_IN[path] : undefined;
  if (builtIn !== undefined) return [builtIn];
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(resolve(path)).href)) as { workflows?: unknown })
      .workflows;
  } catch (cause) {
    throw wrong(
      `${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
  const isList = Array.isArray(exported) && exported.every(isDefinition);
  if (!isList) throw wrong(`${path} does not export a list \`workflows\` of defineWorkflow(…)`);
  return exported as WorkflowDefinition[];
}

function isDefinition(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, run } = value as Partial<WorkflowDefinition>;
  return typeof name === 'string' && typeof run === 'function';
}

const wrong = (why: string): ConfigError =>
  new ConfigError([`WORKER_WORKFLOWS (--workflows): ${why}`]);

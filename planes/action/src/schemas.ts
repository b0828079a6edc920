import { type CheckForeign, compileForeignSchema } from '@sagewai/http';

import type { JsonSchema, Tool } from './tool.ts';

export interface ToolSchemas {
  readonly input: CheckForeign;
  readonly output: CheckForeign | null;
}

export interface Schemas {
  of(tool: Pick<Tool, 'id' | 'digest' | 'manifest'>): Promise<ToolSchemas>;
}

const KEPT_MAX = 500;

/** Compiled schemas of the tools that were called last. */
export function createSchemas(): Schemas {
  const kept = new Map<string, Promise<ToolSchemas>>();
  return {
    of: ({ id, digest, manifest: { inputSchema, outputSchema } }) => {
      const name = `${id} ${digest}`;
      const compiled =
        kept.get(name) ??
        Promise.all([
          compile(inputSchema),
          outputSchema === null ? null : compile(outputSchema),
        ]).then(([input, output]) => ({ input, output }));
      kept.delete(name);
      kept.set(name, compiled);
      const [oldest] = kept.keys();
      if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
      return compiled;
    },
  };
}

/** Whoever registers a tool was told; what is stored compiles. */
async function compile(schema: JsonSchema): Promise<CheckForeign> {
  const compiled = await compileForeignSchema(schema);
  if (compiled.kind === 'refused') throw new Error(`a stored schema is refused: ${compiled.why}`);
  return compiled.check;
}

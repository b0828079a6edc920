/**
 * A code-review agent: it reads a diff of a repository on the worker, and what is around it, and answers findings. What it finds
 * in lines that the diff does not add is left out, and counted.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { defineTool, UniversalAgent } from '@sagewai/sdk/agent';
import { defineWorkflow, Unrecoverable, type WorkflowContext } from '@sagewai/sdk/workflow';

import { readDiff } from './read-diff.ts';

interface ReviewInput {
  /** A clone, on the worker. */
  readonly repository: string;
  readonly base: string;
  readonly head: string;
  readonly model?: string;
}

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly severity: 'bug' | 'risk' | 'style';
  readonly message: string;
}

interface Review {
  readonly findings: readonly Finding[];
  /** Findings about lines that are not new. */
  readonly left_out: number;
}

const text = { type: 'string', minLength: 1 } as const;
const FINDINGS = {
  type: 'object',
  properties: {
    findings: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          file: text,
          line: { type: 'integer', minimum: 1 },
          severity: { type: 'string', enum: ['bug', 'risk', 'style'] },
          message: text,
        },
        required: ['file', 'line', 'severity', 'message'],
        additionalProperties: false,
      },
    },
  },
  required: ['findings'],
  additionalProperties: false,
} as const;

/** A name of a commit, and no option. */
const COMMIT = { type: 'string', pattern: '^[\\w][\\w./~^-]{0,99}$' } as const;
const DIFF_CHARS_MAX = 200_000;

export const review = defineWorkflow<ReviewInput, Review>(
  'review',
  {
    type: 'object',
    properties: { repository: text, base: COMMIT, head: COMMIT, model: text },
    required: ['repository', 'base', 'head'],
    additionalProperties: false,
  },
  async (ctx, { repository, base, head, model = 'auto' }) => {
    // Of the run: whoever goes on reviews the same, whatever the clone has become.
    const diff = await ctx.step('diff', () => git(ctx, repository, ['diff', `${base}...${head}`]));
    if (diff.length > DIFF_CHARS_MAX)
      throw new Unrecoverable('the diff is too long for one review');
    const added = readDiff(diff);
    if (added.size === 0) return { findings: [], left_out: 0 };
    const read = defineTool<{ file: string }>({
      name: 'read_file',
      description: 'A file of the repository, as it is after the change.',
      parameters: { type: 'object', properties: { file: text }, required: ['file'] },
      // By git: paths outside of the commit do not exist.
      run: ({ file }) => git(ctx, repository, ['show', `${head}:${file}`]),
    });
    const agent = new UniversalAgent({
      name: 'reviewer',
      config: {
        inference: { model },
        system: 'Review the diff. Report what is wrong in lines that it adds, and nothing else.',
        tools: [read],
        output: { name: 'findings', schema: FINDINGS },
      },
    });
    const result = await agent.run(diff, { ctx });
    if (result.end.kind === 'stopped') throw new Unrecoverable(result.end.reason);
    const { findings } = result.output as { readonly findings: readonly Finding[] };
    const about = findings.filter(({ file, line }) => added.get(file)?.has(line));
    return { findings: about, left_out: findings.length - about.length };
  },
);

async function git(
  { signal }: Pick<WorkflowContext, 'signal'>,
  repository: string,
  words: readonly string[],
): Promise<string> {
  const options = { cwd: repository, signal, maxBuffer: 16 * 1_048_576 };
  return (await promisify(execFile)('git', [...words], options)).stdout;
}

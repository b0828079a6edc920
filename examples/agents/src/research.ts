/**
 * A research agent: it searches a folder of Markdown, reads, and answers with citations. Each citation is looked up in the file
 * that it names; an answer with one that is not there goes back to the agent, once.
 */
import { defineTool, UniversalAgent } from '@sagewai/sdk/agent';
import { defineWorkflow, Unrecoverable } from '@sagewai/sdk/workflow';

import { flat, type Library, openLibrary } from './library.ts';

interface ResearchInput {
  readonly question: string;
  /** Of Markdown files, on the worker. */
  readonly folder: string;
  readonly model?: string;
}

interface Findings {
  /** With `[1]` where the first citation holds it up. */
  readonly answer: string;
  readonly citations: readonly { readonly file: string; readonly quote: string }[];
}

const text = { type: 'string', minLength: 1 } as const;
const FINDINGS = {
  type: 'object',
  properties: {
    answer: text,
    citations: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { file: text, quote: text },
        required: ['file', 'quote'],
        additionalProperties: false,
      },
    },
  },
  required: ['answer', 'citations'],
  additionalProperties: false,
} as const;

const SYSTEM = `Answer from the library alone. Search it, read what seems to fit, and say where each claim is from: [n] in the
answer is the n-th citation, whose quote stands in its file word by word.`;

export const research = defineWorkflow<ResearchInput, Findings>(
  'research',
  {
    type: 'object',
    properties: { question: text, folder: text, model: text },
    required: ['question', 'folder'],
    additionalProperties: false,
  },
  async (ctx, { question, folder, model = 'auto' }) => {
    const library = await openLibrary(folder);
    const agent = researcher(library, model);
    const first = await agent.run(question, { ctx });
    const mistakes = mistakesIn(first.output as Findings | null, library);
    if (mistakes.length === 0) return first.output as Findings;
    const again = `${question}\n\nAn answer was refused: ${mistakes.join('; ')}.`;
    const second = await agent.run(again, { ctx, scope: 'again ' });
    const left = mistakesIn(second.output as Findings | null, library);
    if (left.length > 0) throw new Unrecoverable(`no answer holds up: ${left.join('; ')}`);
    return second.output as Findings;
  },
);

function researcher(library: Library, model: string): UniversalAgent {
  const search = defineTool<{ query: string }>({
    name: 'search',
    description: 'Lines of the library that have most words of a query.',
    parameters: { type: 'object', properties: { query: text }, required: ['query'] },
    run: ({ query }) => library.search(query),
  });
  const read = defineTool<{ file: string }>({
    name: 'read',
    description: 'A file of the library, whole.',
    parameters: { type: 'object', properties: { file: text }, required: ['file'] },
    run: ({ file }) => library.read(file) ?? `There is no file ${file}.`,
  });
  return new UniversalAgent({
    name: 'researcher',
    config: {
      inference: { model },
      system: SYSTEM,
      tools: [search, read],
      output: { name: 'findings', schema: FINDINGS },
      limits: { turnsMax: 12 },
    },
  });
}

function mistakesIn(findings: Findings | null, library: Library): string[] {
  if (findings === null) return ['there is none'];
  const { answer, citations } = findings;
  const marks = [...answer.matchAll(/\[(\d+)\]/g)].map(([, n]) => Number(n));
  const beyond = marks.filter((n) => n < 1 || n > citations.length);
  const wrong = citations.filter(
    ({ file, quote }) => !flat(library.read(file) ?? '').includes(flat(quote)),
  );
  return [
    ...(marks.length === 0 ? ['it cites nothing'] : []),
    ...beyond.map((n) => `[${n}] is no citation`),
    ...wrong.map(({ file, quote }) => `${file} does not say ${JSON.stringify(quote)}`),
  ];
}

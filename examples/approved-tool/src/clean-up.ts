/**
 * An agent that may drop tables of a database, each with a person's approval. While somebody decides, the run holds no
 * place on its worker; the table is dropped once, whichever worker goes on.
 */
import { governedTools, UniversalAgent } from '@sagewai/sdk/agent';
import { defineWorkflow } from '@sagewai/sdk/workflow';

interface CleanUp {
  readonly wish: string;
  readonly model: string;
  /** Where the model is, if it is not at the gateway. */
  readonly apiBase?: string;
}

const cleanUp = defineWorkflow<CleanUp, string>(
  'clean-up',
  (input) => input as CleanUp,
  async (ctx, { wish, model, apiBase }) => {
    // From the server that the run is from, with the run's own token.
    const tools = await governedTools({ names: ['drop_table'] });
    const agent = new UniversalAgent({
      name: 'janitor',
      config: {
        inference: { model, ...(apiBase === undefined ? {} : { apiBase, apiKey: 'none' }) },
        system: 'You remove tables that nobody needs. Ask for one table at a time.',
        tools,
      },
    });
    return agent.chat(wish, { ctx });
  },
);

export const workflows = [cleanUp];

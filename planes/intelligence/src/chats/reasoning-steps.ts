import { newId } from '@sagewai/crypto';

import { answerId } from './chat.ts';

/**
 * What is done before a model is asked, as events of its stream. Each is a chunk without choices too, as the one with
 * the usage is: clients that know nothing of steps pass over them.
 */
export function reasoningSteps(
  of: { readonly id: string; readonly model: string; readonly at: Date },
  steps: readonly { readonly title: string; readonly content: string; readonly tookMs: number }[],
): object[] {
  const chunk = {
    id: answerId(of.id),
    object: 'chat.completion.chunk',
    created: Math.floor(of.at.getTime() / 1_000),
    model: of.model,
    choices: [],
  };
  const told = steps.flatMap(({ title, content, tookMs }) => {
    const id = newId<string>();
    const timestamp = of.at.toISOString();
    const step = { id, type: 'retrieval', title, content: '', status: 'running', timestamp };
    const updates = { status: 'completed', content, duration: tookMs };
    return [
      { type: 'reasoning_step', step, ...chunk },
      { type: 'reasoning_step_update', step_id: id, updates, ...chunk },
    ];
  });
  return [...told, { type: 'reasoning_end', ...chunk }];
}

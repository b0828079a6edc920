import { watch } from '../bytes/find-fields.ts';
import { readInputOnly } from '../money/usage.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

/** What OpenAI takes when no model is named. */
export const MODERATION_MODEL = 'omni-moderation-latest';

interface ModerationRequest {
  readonly model?: string;
  readonly input: string | readonly unknown[];
}

/** OpenAI's moderations. */
export const MODERATIONS = formatWithoutOutput('moderations', {
  operation: 'moderation',
  path: '/moderations',
  names: { top: watch(['model', 'input']), options: undefined },
  read: (given) => {
    const { model = MODERATION_MODEL, input } = given as ModerationRequest;
    const parts = { ...ASKED_WITHOUT_OUTPUT.parts, images: countImages(input) };
    return { ...ASKED_WITHOUT_OUTPUT, model, parts };
  },
  usageOf: readInputOnly,
});

function countImages(input: ModerationRequest['input']): number {
  if (typeof input === 'string') return 0;
  return input.filter((part) => typeof part !== 'string' && typeof part !== 'number').length;
}

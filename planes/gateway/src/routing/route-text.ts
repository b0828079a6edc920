import type { OpenAnswer } from '../calls/open-answer.ts';

// Ids may hold anything that a configuration may; a header may not.
const NOT_PLAIN = /[^\w./:@-]/g;
const plain = (text: string): string => text.replace(NOT_PLAIN, '_');

/** How a call found its way, on one line: `x-sagewai-route`. */
export function routeText({ deployment, trail }: Pick<OpenAnswer, 'deployment' | 'trail'>): string {
  const id = plain(deployment.id);
  if (trail.isEmpty) return id;
  const parts = [id];
  if (trail.tier) parts.push(`tier=${trail.tier.tier}`);
  const [choice] = trail.choices;
  if (choice) parts.push(`strategy=${choice.strategy}`);
  const passed = choice?.passed.filter(({ because }) => because !== 'score') ?? [];
  if (passed.length > 0) {
    parts.push(
      `passed=${passed.map(({ id: each, because }) => `${plain(each)}:${because}`).join(',')}`,
    );
  }
  if (trail.attempts.length > 0) {
    const failed = trail.attempts.map((each) => `${plain(each.deployment)}:${each.because}`);
    parts.push(`failed=${failed.join(',')}`);
  }
  if (trail.fallbacks.length > 0) {
    const models = trail.fallbacks.map(
      ({ model, because, refused }) => `${plain(model)}:${refused ?? because}`,
    );
    parts.push(`fallbacks=${models.join(',')}`);
  }
  return parts.join('; ');
}

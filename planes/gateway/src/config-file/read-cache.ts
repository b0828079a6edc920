import type { CacheRules } from '../cache/read-controls.ts';
import type { Section } from './section.ts';

const TYPES: readonly (string | undefined)[] = [undefined, 'local', 'in-memory'];

/** `litellm_settings.cache` and `cache_params`. What is not said is as it was. */
export function readCache(litellm: Section, rules: CacheRules): CacheRules {
  const isOn = litellm.flag('cache');
  const type = litellm.text('cache_params.type');
  if (!TYPES.includes(type)) {
    const what = 'is not used here: answers are kept in the memory of each server';
    litellm.notice('cache_params.type', `${what}, and found by all of them with REDIS_URL`);
  }
  const mode = litellm.text('cache_params.mode');
  if (mode !== undefined && mode !== 'default_on' && mode !== 'default_off') {
    litellm.mistake('cache_params.mode', 'expected default_on or default_off');
  }
  const ttlMs = litellm.seconds('cache_params.ttl');
  return {
    ...rules,
    when: isOn === true ? (mode === 'default_off' ? 'asked' : 'always') : rules.when,
    ttlMs: ttlMs ?? rules.ttlMs,
  };
}

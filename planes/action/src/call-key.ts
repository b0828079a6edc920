import { hash } from 'node:crypto';

/** What makes two calls the same (A2). */
export type CallName =
  | {
      readonly kind: 'step';
      readonly runId: string;
      readonly step: string;
      readonly arguments: string;
    }
  | { readonly kind: 'key'; readonly actor: string; readonly key: string }
  | { readonly kind: 'own'; readonly id: string };

/** Of a run, its arguments are part of it: other arguments are another call. A caller's own key stands for one request. */
export function callKey(toolId: string, name: CallName): Buffer {
  return hash('sha256', JSON.stringify([toolId, ...Object.values(name)]), 'buffer');
}

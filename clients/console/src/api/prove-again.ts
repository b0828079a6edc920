import { createStore } from '../store.ts';

/** Somebody must prove who they are before a call goes on. */
export interface Proof {
  given(): void;
  refused(): void;
}

/** What the dialog looks at; null: nothing is asked. */
export const proof = createStore<Proof | null>(null);

/** Resolves once who is there was proved; rejects when they would not. */
export function proveAgain(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = (then: () => void) => () => {
    proof.set(null);
    then();
  };
  proof.set({
    given: end(resolve),
    refused: end(() => reject(new Error('Nothing was changed: it asks for your password.'))),
  });
  return promise;
}

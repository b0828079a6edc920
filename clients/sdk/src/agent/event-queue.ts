/** What one side pushes, the other side reads; a failure is thrown after what came before it. */
export class EventQueue<Item> {
  readonly #items: Item[] = [];
  #end: { readonly error: unknown } | 'done' | null = null;
  #changed = Promise.withResolvers<void>();

  push(item: Item): void {
    this.#items.push(item);
    this.#changed.resolve();
  }

  end(): void {
    this.#end ??= 'done';
    this.#changed.resolve();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#changed.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for (;;) {
      yield* this.#items.splice(0);
      if (this.#items.length > 0) continue;
      if (this.#end === 'done') return;
      if (this.#end !== null) throw this.#end.error;
      await this.#changed.promise;
      this.#changed = Promise.withResolvers<void>();
    }
  }
}

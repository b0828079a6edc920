import type { Guardrail } from './guardrail.ts';
import { WINDOW_LENGTH } from './guardrail.ts';
import type { Match } from './guardrail.ts';
import { type Deed, look, type Phase } from './verdict.ts';

// So much of what has gone out is looked at again: what stands before a text decides about some of it.
const CONTEXT_LENGTH = 96;
// Something found that goes on for longer has no end.
const OPEN_LENGTH_MAX = 65_536;

/**
 * One text that arrives in pieces (W4). What is decided is so far from its end that nothing of it can be a
 * part of something that has not yet come; what was found and may go on is not decided until it ends.
 */
export class HoldBack {
  /** Up to where the text is decided, from its beginning. */
  decidedTo = 0;
  blocked: Deed | undefined;
  readonly deeds: Deed[] = [];
  readonly #guardrails: readonly Guardrail[];
  readonly #phase: Phase;
  /** What is looked at, and where it begins in the whole. */
  #text = '';
  #from = 0;
  #isEnded = false;
  /** In the whole text: decided, and to be redacted. */
  #redactions: Match[] = [];

  constructor(guardrails: readonly Guardrail[], phase: Phase = 'post') {
    this.#guardrails = guardrails;
    this.#phase = phase;
  }

  get length(): number {
    return this.#from + this.#text.length;
  }

  push(piece: string): void {
    if (piece === '' || this.blocked !== undefined) return;
    this.#text += piece;
    this.#decide();
  }

  /** Nothing follows. */
  end(): void {
    if (this.#isEnded || this.blocked !== undefined) return;
    this.#isEnded = true;
    this.#decide();
  }

  /** A decided part of the text, as it may go out. What was found is where it began. */
  told(from: number, to: number): string {
    let out = '';
    let at = from;
    for (const { start, end, what } of this.#redactions) {
      if (end <= at) continue;
      if (start >= to) break;
      if (start >= at) out += `${this.#slice(at, start)}[${what}]`;
      at = Math.min(end, to);
    }
    return out + this.#slice(at, to);
  }

  /** What is before is not asked for again. */
  forget(before: number): void {
    const keepFrom = Math.min(before, this.decidedTo) - CONTEXT_LENGTH;
    if (keepFrom - this.#from < WINDOW_LENGTH) return;
    this.#text = this.#text.slice(keepFrom - this.#from);
    this.#from = keepFrom;
    this.#redactions = this.#redactions.filter(({ end }) => end > keepFrom);
  }

  #slice(from: number, to: number): string {
    return this.#text.slice(Math.max(0, from - this.#from), Math.max(0, to - this.#from));
  }

  #decide(): void {
    const contextFrom = Math.max(0, this.decidedTo - CONTEXT_LENGTH - this.#from);
    const text = contextFrom === 0 ? this.#text : this.#text.slice(contextFrom);
    const base = this.#from + contextFrom;
    const found = look(text, this.#guardrails, this.#phase);
    this.blocked = found.blocked;
    if (found.blocked !== undefined) {
      this.deeds.push(found.blocked);
      return;
    }
    const { length } = this;
    let to = this.#isEnded ? length : Math.max(this.decidedTo, length - WINDOW_LENGTH);
    const matches = found.matches.map(({ start, end, what }) => ({
      start: base + start,
      end: base + end,
      what,
    }));
    for (const { start, end } of matches) {
      if (end <= this.decidedTo || start >= to) continue;
      const isOpen = end === length && !this.#isEnded;
      if (!isOpen) to = Math.max(to, end);
      else if (length - start <= OPEN_LENGTH_MAX)
        to = Math.max(this.decidedTo, Math.min(to, start));
      else this.blocked = found.deeds.find((deed) => deed.did === 'redacted');
    }
    if (this.blocked !== undefined) {
      this.blocked = { ...this.blocked, did: 'blocked' };
      this.deeds.push(this.blocked);
      return;
    }
    for (const match of matches) {
      if (match.end <= this.decidedTo || match.start >= to) continue;
      this.#redactions.push({ ...match, start: Math.max(match.start, this.decidedTo) });
    }
    this.#note(found.deeds, matches, to);
    this.decidedTo = to;
  }

  /** Each thing that was found is told once, when it is decided. */
  #note(deeds: readonly Deed[], matches: readonly Match[], to: number): void {
    for (const deed of deeds) {
      if (deed.did === 'flagged') {
        if (
          this.deeds.every(
            ({ what, guardrail }) => what !== deed.what || guardrail !== deed.guardrail,
          )
        )
          this.deeds.push(deed);
      } else if (
        matches.some(
          ({ start, end, what }) => what === deed.what && end > this.decidedTo && start < to,
        )
      ) {
        this.deeds.push(deed);
      }
    }
  }
}

import { EventEmitter } from 'node:events';

import { describe, expect, test } from 'vitest';

import { StreamTap } from '../bytes/stream-tap.ts';
import type { Sink } from '../calls/attempt.ts';
import { CHAT } from '../formats/chat.ts';
import type { Member } from './beat.ts';
import { Relay, type RelayEnd } from './relay-stream.ts';

const piece = (n: number): string => `data: {"choices":[{"delta":{"content":"${n}"}}]}\n\n`;
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n';
const DONE = 'data: [DONE]\n\n';

/** A relay between hands: what comes in, and when a beat ends, is said by the test. */
function relay(of: {
  readonly beats: boolean;
  readonly drains?: boolean;
  /** What the attempt has when it is handed over. */
  readonly before?: readonly string[];
}) {
  const out: string[] = [];
  const joined = new Set<Member>();
  const client = Object.assign(new EventEmitter(), {
    destroyed: false,
    write: (bytes: Buffer) => out.push(bytes.toString()) > 0,
    flushHeaders: () => out.push('HEAD'),
    destroy: () => client,
  });
  let upstream: Sink | undefined;
  const tap = new StreamTap({ reading: CHAT.stream, removeUsage: false, eventBytesMax: 4_096 });
  const made = new Relay({
    attempt: {
      handTo: (sink) => {
        upstream = sink;
        for (const text of of.before ?? []) sink.onData(Buffer.from(text));
      },
      pause: () => {},
      resume: () => {},
    },
    reply: client as unknown as ConstructorParameters<typeof Relay>[0]['reply'],
    tap,
    beat: of.beats ? { join: (member) => void joined.add(member) } : null,
    stallMs: 1_000,
    drains: of.drains,
  });
  const ended: RelayEnd[] = [];
  void made.end.then((end) => ended.push(end));
  return {
    out,
    tap,
    client,
    relay: made,
    ended,
    /** As the parser tells them: all of a packet, one after another, in one turn. */
    come: (...texts: string[]) => {
      for (const text of texts) upstream?.onData(Buffer.from(text));
    },
    /** A packet of its own, and what follows it. */
    comeAlone: async (text: string) => {
      upstream?.onData(Buffer.from(text));
      await Promise.resolve();
    },
    end: () => upstream?.onEnd(),
    fail: () => upstream?.onFailure({ kind: 'lost', cause: new Error('gone') }),
    endBeat: () => {
      const asked = [...joined];
      joined.clear();
      for (const member of asked) if (member.beat()) joined.add(member);
    },
  };
}

describe('with beats', () => {
  test('the first piece goes at once, and those behind it together (G1, G2)', async () => {
    const { out, come, comeAlone, endBeat } = relay({ beats: true });
    await comeAlone(piece(1));
    come(piece(2), piece(3));
    await Promise.resolve();
    expect(out).toEqual([piece(1)]);
    endBeat();
    expect(out).toEqual([piece(1), piece(2) + piece(3)]);
    come(piece(4));
    expect(out).toHaveLength(2);
    endBeat();
    expect(out.at(-1)).toBe(piece(4));
  });

  test('after a beat in which nothing came, the next piece goes at once (G1)', async () => {
    const { out, comeAlone, endBeat } = relay({ beats: true });
    await comeAlone(piece(1));
    endBeat();
    await comeAlone(piece(2));
    expect(out).toEqual([piece(1), piece(2)]);
  });

  test('the head waits for no piece longer than a beat (G1)', async () => {
    const { out, comeAlone, endBeat } = relay({ beats: true });
    expect(out).toEqual([]);
    endBeat();
    endBeat();
    expect(out).toEqual(['HEAD']);
    await comeAlone(piece(1));
    expect(out).toEqual(['HEAD', piece(1)]);
  });

  test('the last pieces do not wait for what ends the stream (G2, M2)', async () => {
    const { out, come, comeAlone, end, endBeat, ...rest } = relay({ beats: true });
    const { relay: made, tap, ended } = rest;
    await comeAlone(piece(1));
    come(piece(2), USAGE, DONE);
    end();
    await made.end;
    expect(ended).toEqual([{ kind: 'complete' }]);
    expect(out).toEqual([piece(1)]);
    endBeat();
    expect(out).toEqual([piece(1), piece(2)]);
    made.flush();
    expect(out).toEqual([piece(1), piece(2)]);
    expect(tap.release().toString()).toBe(USAGE + DONE);
  });

  test('nor does a settlement that is quicker than the beat leave them behind', async () => {
    const { out, come, comeAlone, end, endBeat, relay: made } = relay({ beats: true });
    await comeAlone(piece(1));
    come(piece(2), DONE);
    end();
    await made.end;
    made.flush();
    endBeat();
    expect(out).toEqual([piece(1), piece(2)]);
  });

  test('a provider that does not close is done with its terminator, a beat later', async () => {
    const { out, come, comeAlone, endBeat, relay: made } = relay({ beats: true });
    await comeAlone(piece(1));
    come(piece(2), DONE);
    endBeat();
    expect(await made.end).toEqual({ kind: 'complete' });
    expect(out).toEqual([piece(1), piece(2)]);
  });

  test.each(['client', 'provider'])('what was gathered is counted when the %s goes (G3)', (who) => {
    const { come, client, fail, tap } = relay({ beats: true });
    come(piece(1), piece(2), piece(3));
    if (who === 'client') client.emit('close');
    else fail();
    expect(tap.seen().outputChunks).toBe(3);
  });

  test('a provider that dies takes nothing with it that it has sent (G3)', async () => {
    const { out, come, comeAlone, fail, relay: made } = relay({ beats: true });
    await comeAlone(piece(1));
    come(piece(2));
    fail();
    expect(await made.end).toMatchObject({ kind: 'broken' });
    expect(out).toEqual([piece(1), piece(2)]);
  });

  test('an event without end is not gathered for ever', async () => {
    const { come, relay: made } = relay({ beats: true });
    come(piece(1), 'data: ', ...Array.from({ length: 40 }, () => 'x'.repeat(1_000)));
    expect(await made.end).toEqual({ kind: 'garbage' });
  });
});

test.each([true, false])(
  'a client that leaves does not end a stream that is drained (beats: %s)',
  async (beats) => {
    const {
      out,
      come,
      end,
      client,
      endBeat,
      relay: made,
      tap,
      ended,
    } = relay({ beats, drains: true });
    come(piece(1), piece(2));
    const seen = out.length;
    client.destroyed = true;
    client.emit('close');
    come(piece(3), USAGE, DONE);
    expect([made.isLeft, ended]).toEqual([true, []]);
    end();
    endBeat();
    expect(await made.end).toEqual({ kind: 'complete' });
    expect([out.length, tap.usage?.output, tap.seen().outputChunks]).toEqual([seen, 5, 3]);
  },
);

describe('without beats', () => {
  test('the head goes at once, and what came in one packet is one write (G1)', async () => {
    const { out, come, comeAlone } = relay({ beats: false });
    expect(out).toEqual(['HEAD']);
    come(piece(1), piece(2));
    await Promise.resolve();
    await comeAlone(piece(3));
    expect(out).toEqual(['HEAD', piece(1) + piece(2), piece(3)]);
  });

  test('what came before the client was answered goes with the head (G1)', () => {
    const { out } = relay({ beats: false, before: [piece(1), piece(2)] });
    expect(out).toEqual([piece(1) + piece(2)]);
  });

  test('what comes with the end waits for the settlement, and goes with it (G4)', async () => {
    const { out, come, comeAlone, relay: made } = relay({ beats: false });
    await comeAlone(piece(1));
    come(piece(2), USAGE, DONE);
    expect(await made.end).toEqual({ kind: 'complete' });
    expect(out).toEqual(['HEAD', piece(1)]);
    made.flush();
    expect(out).toEqual(['HEAD', piece(1), piece(2)]);
  });

  test('a stream that was whole before the client was answered is one write (G4)', async () => {
    const { out, relay: made } = relay({ beats: false, before: [piece(1), DONE] });
    expect(await made.end).toEqual({ kind: 'complete' });
    expect(out).toEqual([]);
    made.flush();
    expect(out).toEqual([piece(1)]);
  });

  test.each(['client', 'provider'])(
    'what the %s leaves in its last turn is counted (G3)',
    (who) => {
      const { come, client, fail, tap } = relay({ beats: false });
      come(piece(1), piece(2));
      if (who === 'client') client.emit('close');
      else fail();
      expect(tap.seen().outputChunks).toBe(2);
    },
  );
});

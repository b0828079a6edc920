import fc from 'fast-check';
import { expect, test } from 'vitest';

import { boundSeconds } from './audio-seconds.ts';
import { matroskaSeconds } from './matroska-seconds.ts';

const idOf = (id: number): Buffer => {
  const hex = id.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
};
const sized = (size: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(0x10000000 + size);
  return bytes;
};
const UNTOLD = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

const element = (id: number, ...inside: readonly Buffer[]): Buffer => {
  const value = Buffer.concat(inside);
  return Buffer.concat([idOf(id), sized(value.length), value]);
};
/** As whoever records while it is sent writes it: nobody knows yet how long it becomes. */
const open = (id: number, ...inside: readonly Buffer[]): Buffer =>
  Buffer.concat([idOf(id), UNTOLD, ...inside]);
const count = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};

const HEAD = element(0x1a45dfa3, element(0x4282, Buffer.from('webm')));
const tracks = (codec: string): Buffer =>
  element(0x1654ae6b, element(0xae, element(0x86, Buffer.from(codec))));
const OPUS = tracks('A_OPUS');
/** 20 ms of a sender that is silent. */
const SILENT = Buffer.from([0x08, 0x00]);
const SIXTY_MS = Buffer.from([0x18]);

const block = (offset: number, packet: Buffer, id = 0xa3, flags = 0): Buffer => {
  const head = Buffer.from([0x81, 0, 0, flags]);
  head.writeInt16BE(offset, 1);
  return element(id, head, packet);
};
const cluster = (at: number, ...blocks: readonly Buffer[]): Buffer =>
  element(0x1f43b675, element(0xe7, count(at)), ...blocks);

const webm = (...inside: readonly Buffer[]): Buffer =>
  Buffer.concat([HEAD, element(0x18538067, ...inside)]);
const secondsOf = (...inside: readonly Buffer[]): number | undefined =>
  matroskaSeconds(webm(...inside));

test('silence in a WebM is as long as its head, its times or its packets say, whichever is most (M1)', () => {
  const info = element(
    0x1549a966,
    element(0x2ad7b1, count(1_000_000)),
    element(0x4489, double(600_000)),
  );
  expect(secondsOf(info, OPUS)).toBe(600);
  // Without a head that says so: by the time of the last block, wherever it stands.
  expect(secondsOf(OPUS, cluster(0, block(0, SILENT)), cluster(599_000, block(800, SILENT)))).toBe(
    600,
  );
  expect(secondsOf(OPUS, cluster(1_000, element(0xa0, block(500, SILENT, 0xa1))))).toBe(2);
  // And where the times lie, by the packets: 100 of 60 ms.
  const many = Array.from({ length: 100 }, () => block(0, SIXTY_MS));
  expect(secondsOf(OPUS, cluster(0, ...many))).toBe(6);
  expect(secondsOf(tracks('A_VORBIS'), cluster(0, ...many))).toBe(0);
  // Sizes that are not told, and a unit of its own.
  const streamed = open(
    0x18538067,
    OPUS,
    open(0x1f43b675, element(0xe7, count(5_000)), block(0, SILENT)),
  );
  expect(matroskaSeconds(Buffer.concat([HEAD, streamed]))).toBe(6);
  const coarse = element(0x1549a966, element(0x2ad7b1, count(1_000_000_000)));
  expect(secondsOf(coarse, OPUS, cluster(60, block(0, SILENT)))).toBe(61);
  // Packets that share a block are each as long as any.
  expect(secondsOf(OPUS, cluster(0, block(0, Buffer.from([99]), 0xa3, 0x02)))).toBe(12);
  expect(matroskaSeconds(Buffer.from('OggS'))).toBeUndefined();
});

test('packets of Opus say how long they are', () => {
  const seconds = (first: number, second = 0) => {
    const packet = Buffer.from([first, second]);
    const blocks = Array.from({ length: 1_000 }, () => block(0, packet));
    return secondsOf(OPUS, cluster(0, ...blocks));
  };
  const [silk, hybrid, celt] = [0b0_0001, 0b0_1100, 0b1_0000];
  expect(seconds(silk << 3)).toBe(20);
  expect(seconds((silk << 3) | 1)).toBe(40);
  expect(seconds((silk << 3) | 3, 3)).toBe(60);
  expect(seconds((silk << 3) | 3, 63)).toBe(120);
  expect(seconds(hybrid << 3)).toBe(10);
  expect(seconds(celt << 3)).toBe(3);
});

test('the bound of a recording takes it, and never less than its bytes may hold (M1)', () => {
  const quiet = webm(OPUS, cluster(599_000, block(880, SILENT)));
  expect(boundSeconds(quiet)).toEqual({ most: 600, likely: 600 });
  const loud = webm(OPUS, cluster(0, block(0, Buffer.alloc(75_000))));
  expect(boundSeconds(loud).most).toBeGreaterThan(100);
});

test('one that says it has no end is bounded by a number that can be reserved (M1)', () => {
  const scale = element(0x2ad7b1, Buffer.alloc(8, 0xff));
  const endless = webm(element(0x1549a966, scale, element(0x4489, double(1e308))), OPUS);
  expect(boundSeconds(endless)).toEqual({ most: 1e9, likely: 1e9 });
});

test('whatever it is made of, it is read to its end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const seconds = matroskaSeconds(Buffer.concat([HEAD, Buffer.from(noise)]));
      expect(seconds).toBeGreaterThanOrEqual(0);
    }),
  );
});

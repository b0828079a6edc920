import { expect, test } from 'vitest';

import { boundSeconds } from './audio-seconds.ts';

function wavOf(of: {
  bytesPerSecond: number;
  bytes: number;
  coding?: number;
  samplesPerSecond?: number;
}): Buffer {
  const file = Buffer.alloc(of.bytes);
  file.write('RIFF', 0);
  file.write('WAVEfmt ', 8);
  file.writeUInt16LE(of.coding ?? 1, 20);
  file.writeUInt32LE(of.samplesPerSecond ?? of.bytesPerSecond, 24);
  file.writeUInt32LE(of.bytesPerSecond, 28);
  return file;
}

test('a WAV of plain samples is as long as its head says, and bounded whatever that says (M1)', () => {
  const wav = wavOf({ bytesPerSecond: 32_000, samplesPerSecond: 16_000, bytes: 320_000 });
  expect(boundSeconds(wav)).toEqual({
    most: 40,
    likely: 10,
  });
  expect(boundSeconds(wavOf({ bytesPerSecond: 0, bytes: 80_000 }))).toEqual({
    most: 10,
    likely: 10,
  });
  expect(boundSeconds(wavOf({ bytesPerSecond: 4_000_000_000, bytes: 80_000 })).most).toBe(10);
});

test('one that is played slowly is as long as that makes it (M1)', () => {
  const slow = { bytesPerSecond: 100, bytes: 80_000 };
  expect(boundSeconds(wavOf(slow))).toEqual({ most: 800, likely: 800 });
  expect(boundSeconds(wavOf({ ...slow, bytesPerSecond: 32_000, samplesPerSecond: 100 })).most).toBe(
    800,
  );
  // Wherever it says so, and in whichever of its ways.
  const file = wavOf(slow);
  const list = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
  const later = Buffer.concat([file.subarray(0, 12), list, file.subarray(12)]);
  expect(boundSeconds(later).most).toBe(801);
  expect(boundSeconds(wavOf({ ...slow, coding: 0xfffe })).most).toBe(800);
});

test('anything else is bounded at the lowest bit rate of speech (M1)', () => {
  expect(boundSeconds(Buffer.alloc(75_000))).toEqual({ most: 100, likely: 10 });
  expect(boundSeconds(wavOf({ bytesPerSecond: 1, bytes: 75_000, coding: 0x31 })).most).toBe(100);
  expect(boundSeconds(Buffer.alloc(0))).toEqual({ most: 0, likely: 0 });
});

function flacOf(rate: number, samples: number, bytes: number): Buffer {
  const file = Buffer.alloc(bytes);
  file.write('fLaC', 0);
  file.writeUInt8(34, 7);
  file.writeBigUInt64BE((BigInt(rate) << 44n) | BigInt(samples), 18);
  return file;
}

test('a FLAC of silence is as long as it says; one that says too little is not believed (M1)', () => {
  // Ten minutes in less than 8 kB.
  expect(boundSeconds(flacOf(16_000, 600 * 16_000, 7_500))).toEqual({ most: 600, likely: 600 });
  expect(boundSeconds(flacOf(44_100, 44_100, 75_000))).toEqual({ most: 100, likely: 1 });
  for (const [rate, samples] of [
    [0, 16_000],
    [16_000, 0],
  ] as const)
    expect(boundSeconds(flacOf(rate, samples, 75_000))).toEqual({ most: 100, likely: 10 });
  expect(boundSeconds(flacOf(16_000, 16_000, 75_000).subarray(0, 20)).most).toBe(1);
});

function opusOf(samples: bigint, bytes: number): Buffer {
  const page = (granule: bigint, holds: string): Buffer => {
    const head = Buffer.alloc(28);
    head.write('OggS', 0);
    head.writeBigInt64LE(granule, 6);
    return Buffer.concat([head, Buffer.from(holds)]);
  };
  const first = page(0n, 'OpusHead');
  const last = page(samples, 'x');
  return Buffer.concat([first, Buffer.alloc(bytes - first.length - last.length), last]);
}

test('an Opus whose sender is silent is as long as its last page says (M1)', () => {
  expect(boundSeconds(opusOf(48_000n * 600n, 7_500))).toEqual({ most: 600, likely: 600 });
  expect(boundSeconds(opusOf(48_000n, 75_000))).toEqual({ most: 100, likely: 1 });
  // Which says nothing where no packet ends in it.
  expect(boundSeconds(opusOf(-1n, 75_000))).toEqual({ most: 100, likely: 10 });
  expect(boundSeconds(opusOf(48_000n, 100).subarray(0, 60)).most).toBe(1);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isMetadataHost } from './metadata.ts';

describe('isMetadataHost', () => {
  test.each([
    '169.254.169.254',
    '169.254.170.2',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    '[fd00:ec2::254]',
    'FD00:0EC2:0:0:0:0:0:0254',
    'fd20:ce::254',
    'fe80::1',
    'fe80::1%eth0',
    'febf:ffff::1',
    '::ffff:169.254.169.254',
    '[::ffff:a9fe:a9fe]',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '64:ff9b:1:a9fe:a9:fe00::',
    '2002:a9fe:a9fe::1',
    '2002:6464:64c8::',
    '2001:0:1234:5678:0:0:5601:5601',
    '2001:0:a9fe:a9fe::1',
    'fd12::5efe:169.254.169.254',
    '::ffff:100.100.100.200',
    'metadata.google.internal',
    'Metadata.Google.Internal.',
    'metadata',
    'metadata.goog',
    'instance-data.ec2.internal',
  ])('%s is one (E1)', (host) => {
    expect(isMetadataHost(host)).toBe(true);
  });

  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.10',
    '172.17.0.1',
    '169.253.169.254',
    '100.100.100.201',
    '8.8.8.8',
    '::1',
    'fd00:ec2::255',
    'fec0::1',
    'fd12:3456::1',
    '2606:4700::1111',
    '::ffff:10.0.0.1',
    '64:ff9b::8.8.8.8',
    '2002:0808:0808::1',
    'localhost',
    'litellm',
    'host-ollama',
    'api.openai.com',
    'metadata.example.com',
    '',
  ])('%s is none', (host) => {
    expect(isMetadataHost(host)).toBe(false);
  });

  test('every link-local IPv4 address is one in every spelling that a URL allows (E1)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 255 }),
        (third, fourth) => {
          const value = 0xa9fe0000 + third * 256 + fourth;
          const hex = value.toString(16);
          for (const host of [
            String(value),
            `0x${hex}`,
            `0${value.toString(8)}`,
            `0xa9.0376.${third}.${fourth}`,
            `169.254.${third * 256 + fourth}`,
            `169.${0xfe0000 + third * 256 + fourth}`,
            `[::ffff:${hex.slice(0, 4)}:${hex.slice(4)}]`,
            `[64:ff9b::${hex.slice(0, 4)}:${hex.slice(4)}]`,
            `[2002:${hex.slice(0, 4)}:${hex.slice(4)}::]`,
            `169。254。${third}。${fourth}`,
          ]) {
            expect([host, isMetadataHost(new URL(`http://${host}/`).hostname)]).toEqual([
              host,
              true,
            ]);
          }
        },
      ),
    );
  });

  test('no text makes it fail', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV6()), (host) => {
        expect(isMetadataHost(host)).toEqual(expect.any(Boolean));
      }),
    );
  });
});

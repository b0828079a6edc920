import { crc32 } from 'node:zlib';

/** A frame of Amazon's event stream, as a server makes it. */
export function frameOf(headers: Readonly<Record<string, string>>, payload: object): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) =>
      Buffer.concat([
        Buffer.from([name.length]),
        Buffer.from(name),
        Buffer.from([7, 0, value.length]),
        Buffer.from(value),
      ]),
    ),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(12 + head.length + body.length + 4, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const whole = Buffer.concat([prelude, head, body, Buffer.alloc(4)]);
  whole.writeUInt32BE(crc32(whole.subarray(0, -4)), whole.length - 4);
  return whole;
}

export const eventFrame = (name: string, payload: object): Buffer =>
  frameOf(
    { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' },
    payload,
  );

export const exceptionFrame = (name: string, payload: object): Buffer =>
  frameOf({ ':exception-type': name, ':message-type': 'exception' }, payload);

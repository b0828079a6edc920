/** Files of a run on their way to and from the server's object store. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

import type { SagewaiClient } from '@sagewai/sdk';
import { Unrecoverable } from '@sagewai/sdk/workflow';

export interface SentFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

const READ_AT_ONCE = 1_048_576;

/** In place of what the run has sent under this name before. */
export async function sendFile(
  client: SagewaiClient,
  path: string,
  name: string,
): Promise<SentFile> {
  const file = await open(path);
  try {
    const { size: bytes } = await file.stat();
    const sha256 = await digestOf(file);
    const begun = await client.call('artifacts.createArtifact', { body: { name, bytes, sha256 } });
    const { artifact, part_bytes: partBytes } = begun;
    for (let part = 0; part < artifact.parts; part += 1) {
      const length = Math.min(partBytes, bytes - part * partBytes);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, part * partBytes);
      const params = { artifact_id: artifact.id, part };
      await client.call('artifacts.putPart', { params, body: { data: buffer.toString('base64') } });
    }
    await client.call('artifacts.completeArtifact', { params: { artifact_id: artifact.id } });
    return { id: artifact.id, name, bytes, sha256 };
  } finally {
    await file.close();
  }
}

/** All of an artifact as text, which has at most so many bytes. */
export async function readText(
  client: SagewaiClient,
  id: string,
  bytesMax: number,
): Promise<string> {
  const artifact = await client.call('artifacts.getArtifact', { params: { artifact_id: id } });
  if (artifact.bytes > bytesMax) {
    throw new Unrecoverable(
      `the artifact ${id} has ${artifact.bytes} bytes; at most ${bytesMax} are read`,
    );
  }
  const pieces: Buffer[] = [];
  for (let part = 0; part < artifact.parts; part += 1) {
    const params = { artifact_id: id, part };
    const { data } = await client.call('artifacts.readPart', { params });
    pieces.push(Buffer.from(data, 'base64'));
  }
  return Buffer.concat(pieces).toString();
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(READ_AT_ONCE);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { NO_PAGES, type PageRequest, type Pages } from '@sagewai/http';

import { baseOf, chooseEncoding, choosePage } from './choose-page.ts';

/** A page loads nothing from elsewhere, runs nothing that stands in it, and is shown in nobody's frame. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const COMMON = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
};

const SUFFIXES = { br: '.br', gzip: '.gz' } as const;

/**
 * Serves the built console from a folder. Nothing is kept in memory: files are read when they are asked for, so a
 * console that is built while the server runs is there from then on.
 */
export function serveConsole(of: {
  readonly folder: string | null;
  readonly publicUrl: string | null;
}): Pages {
  const { folder, publicUrl } = of;
  if (folder === null) return NO_PAGES;
  return {
    answer: async (request, reply) => {
      const choice = choosePage(request.method, request.path, request.headers.accept);
      if (choice.kind === 'none') return false;
      if (choice.kind === 'asset') return sendAsset({ request, reply, folder, name: choice.name });
      const document = await readFile(join(folder, 'index.html'), 'utf8').catch(() => null);
      if (document === null) return false;
      sendPage({
        request,
        reply,
        text: document.replace(
          '<base href="./"',
          `<base href="${baseOf(request.path, publicUrl)}"`,
        ),
      });
      return true;
    },
  };
}

function sendPage(of: { request: PageRequest; reply: ServerResponse; text: string }): void {
  const { request, reply, text } = of;
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  const headers: OutgoingHttpHeaders = {
    ...COMMON,
    'x-request-id': request.id,
    'content-security-policy': PAGE_POLICY,
    'cache-control': 'no-cache',
    vary: 'accept',
    etag,
  };
  if (isKnown(request, etag)) {
    reply.writeHead(304, headers).end();
    return;
  }
  reply.writeHead(200, {
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  reply.end(request.method === 'HEAD' ? undefined : text);
}

async function sendAsset(of: {
  readonly request: PageRequest;
  readonly reply: ServerResponse;
  readonly folder: string;
  readonly name: string;
}): Promise<boolean> {
  const { request, reply, folder, name } = of;
  const type = TYPES[extname(name)];
  if (type === undefined) return false;
  const found = await openBest(
    join(folder, 'console', 'assets', name),
    request.headers['accept-encoding'],
  );
  if (found === null) return false;
  const { file, size, encoding } = found;
  const etag = `"${name}${encoding === null ? '' : `.${encoding}`}"`;
  const headers: OutgoingHttpHeaders = {
    ...COMMON,
    'x-request-id': request.id,
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    etag,
  };
  const isWhole = request.method === 'GET' && !isKnown(request, etag);
  if (isKnown(request, etag)) reply.writeHead(304, headers);
  else {
    reply.writeHead(200, {
      ...headers,
      'content-type': type,
      'content-length': size,
      ...(encoding === null ? {} : { 'content-encoding': encoding }),
    });
  }
  if (isWhole) {
    // A browser that goes away meanwhile is no failure of ours.
    await pipeline(file.createReadStream(), reply).catch(() => reply.destroy());
    return true;
  }
  reply.end();
  await file.close();
  return true;
}

async function openBest(
  path: string,
  acceptEncoding: string | string[] | undefined,
): Promise<{
  readonly file: Awaited<ReturnType<typeof open>>;
  readonly size: number;
  readonly encoding: 'br' | 'gzip' | null;
} | null> {
  for (const encoding of [...chooseEncoding(String(acceptEncoding ?? '')), null]) {
    const file = await open(encoding === null ? path : `${path}${SUFFIXES[encoding]}`).catch(
      () => null,
    );
    if (file !== null) return { file, size: (await file.stat()).size, encoding };
  }
  return null;
}

const isKnown = ({ headers }: PageRequest, etag: string): boolean =>
  headers['if-none-match']?.split(',').some((each) => each.trim() === etag) === true;

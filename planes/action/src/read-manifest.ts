import { Fault } from '@sagewai/fault';
import type { BodyOf, updateTool } from '@sagewai/wire';

import { placesIn } from './http/build-request.ts';
import { hostOf, isAllowedHost } from './is-allowed-host.ts';
import { readOperation } from './openapi/read-operation.ts';
import type { HttpTarget, Manifest, McpTarget, ToolKind } from './tool.ts';

export type ManifestBody = BodyOf<typeof updateTool>;

export interface ManifestDefaults {
  readonly timeoutMs: number;
  readonly resultBytesMax: number;
}

/** Set by ourselves, or by whoever frames the message. */
const NOT_TO_BE_SET =
  /^(?:authorization|proxy-.*|cookie|host|connection|content-length|transfer-encoding|te|trailer|expect|keep-alive|upgrade|idempotency-key)$/i;
const HOST =
  /^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/i;

/** What a tool is, from what is said of it and what it was before; its credential apart. */
export function readManifest(
  { name, kind }: { readonly name: string; readonly kind: ToolKind },
  before: Manifest | null,
  body: ManifestBody,
  defaults: ManifestDefaults,
): Omit<Manifest, 'credential'> {
  const target = readTarget({ name, kind }, before, body);
  const url = target.http?.url ?? target.mcp?.url ?? null;
  const mode = body.mode ?? before?.mode ?? 'destructive';
  const hasMoved = url !== (before?.http?.url ?? before?.mcp?.url ?? null);
  const egress =
    body.egress ??
    (before !== null && !hasMoved ? before.egress : url === null ? [] : [hostOf(new URL(url))]);
  const wrong = egress.find((host) => !HOST.test(host));
  if (wrong !== undefined) throw mistaken('egress', 'must be host, host:port or *.host');
  if (url !== null && !isAllowedHost(egress, new URL(url))) {
    throw mistaken('egress', 'does not have the host that the tool is at'); // A5
  }
  return {
    ...target,
    description: body.description ?? before?.description ?? target.described ?? '',
    owner: body.owner ?? before?.owner ?? '',
    mode,
    risk: body.risk ?? before?.risk ?? (mode === 'destructive' ? 'high' : 'medium'),
    approval: body.approval ?? before?.approval ?? false,
    timeoutMs: body.timeout_ms ?? before?.timeoutMs ?? defaults.timeoutMs,
    idempotent: body.idempotent ?? before?.idempotent ?? false,
    retries: body.retries ?? before?.retries ?? 2,
    resultBytesMax: body.result_bytes_max ?? before?.resultBytesMax ?? defaults.resultBytesMax,
    inputSchema: body.input_schema ??
      target.inputSchema ??
      before?.inputSchema ?? { type: 'object' },
    outputSchema:
      body.output_schema === undefined ? (before?.outputSchema ?? null) : body.output_schema,
    egress,
    rate:
      body.rate === undefined
        ? (before?.rate ?? null)
        : body.rate && { calls: body.rate.calls, perSeconds: body.rate.per_seconds },
  };
}

interface Target {
  readonly http: HttpTarget | null;
  readonly mcp: McpTarget | null;
  readonly inputSchema?: Manifest['inputSchema'];
  readonly described?: string;
}

/** Of which kind a field is; given for another, it would be kept and do nothing. */
const FIELDS = { http: 'http', openapi: 'openapi', mcp: 'mcp' } as const;

function readTarget(
  { name, kind }: { readonly name: string; readonly kind: ToolKind },
  before: Manifest | null,
  body: ManifestBody,
): Target {
  for (const [field, of] of Object.entries(FIELDS)) {
    if (kind !== of && body[field as keyof typeof FIELDS] !== undefined) {
      throw mistaken(field, `is for tools of kind ${of}`);
    }
  }
  if (kind === 'worker') {
    if (body.credential) throw mistaken('credential', 'is for tools that the server calls');
    return { http: null, mcp: null };
  }
  if (kind === 'openapi' && body.openapi !== undefined) {
    const read = readOperation(body.openapi);
    if (read.kind === 'refused') throw mistaken('openapi', read.why);
    return {
      http: checkHttp(read.target, 'openapi'),
      mcp: null,
      inputSchema: read.inputSchema,
      described: read.summary,
    };
  }
  if (kind === 'mcp' && body.mcp !== undefined) {
    const { url = null, command = null, tool = name, pin = null } = body.mcp;
    if ((url === null) === (command === null))
      throw mistaken('mcp', 'must have a url, or a command');
    return {
      http: null,
      mcp: { url: url === null ? null : checkUrl(url, 'mcp'), command, tool, pin },
    };
  }
  if (kind === 'http' && body.http !== undefined) {
    const { method, url, query = [], header_arguments = [], headers = {} } = body.http;
    const of = { method, url, query, headerArguments: header_arguments, headers };
    return { http: checkHttp({ ...of, body: body.http.body ?? null }, 'http'), mcp: null };
  }
  if (before === null) throw mistaken(kind, 'must be there');
  return { http: before.http, mcp: before.mcp };
}

function checkHttp(target: HttpTarget, field: string): HttpTarget {
  checkUrl(target.url, field);
  const set = [...Object.keys(target.headers), ...target.headerArguments];
  const refused = set.find((name) => NOT_TO_BE_SET.test(name) || !/^[\w-]{1,100}$/.test(name));
  if (refused !== undefined) throw mistaken(field, `must not set the header ${refused}`);
  if (Object.values(target.headers).some((value) => !/^[\x20-\x7e]*$/.test(value))) {
    throw mistaken(field, 'has a header that is not printable ASCII');
  }
  if (new Set(placesIn(target.url)).size !== placesIn(target.url).length) {
    throw mistaken(field, 'has an argument twice in its path');
  }
  const headers = Object.fromEntries(
    Object.entries(target.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { ...target, headers };
}

/** Only its path has places for arguments (A5). */
function checkUrl(text: string, field: string): string {
  const [, origin = ''] = /^(https?:\/\/[^/?#]+)/i.exec(text) ?? [];
  if (origin === '' || /[{}@]/.test(origin) || !URL.canParse(text)) {
    throw mistaken(field, 'must have a URL that starts with https:// or http:// and a fixed host');
  }
  if (text.includes('#')) throw mistaken(field, 'must have a URL without a #: it is not sent');
  if (/\?.*[{}]/.test(text)) throw mistaken(field, 'has an argument outside of its URL’s path');
  return text;
}

export function mistaken(field: string, message: string): Fault {
  return new Fault('request.invalid', `${field} is refused`, {
    detail: `body/${field} ${message}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message }],
  });
}

import type { Span, SpanSource, SpanValue } from './span.ts';

const KINDS = { internal: 1, server: 2, client: 3 } as const;
const FAILED = 2;

/** Spans as OTLP has them in JSON: ids in hex, instants as texts of nanoseconds. */
export function toOtlp(spans: readonly Span[], source: SpanSource): object {
  const { service, version, instance } = source;
  const resource = {
    'service.name': service,
    'service.version': version,
    'service.instance.id': instance,
  };
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: 'sagewai', version }, spans: spans.map(spanOf) }],
      },
    ],
  };
}

function spanOf({ context, name, kind, startMs, endMs, attributes, failure }: Span): object {
  const { traceId, spanId, parentSpanId, isSampled } = context;
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    flags: isSampled ? 1 : 0,
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanosOf(startMs),
    endTimeUnixNano: nanosOf(Math.max(startMs, endMs)),
    attributes: attributesOf(attributes),
    status: failure === null ? {} : { code: FAILED, message: failure },
  };
}

function attributesOf(given: Readonly<Record<string, SpanValue | undefined>>): object[] {
  return Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueOf(value) }],
  );
}

function valueOf(value: SpanValue): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  return { arrayValue: { values: value.map((text) => ({ stringValue: text })) } };
}

/** A number holds microseconds of these instants, and no more. */
const nanosOf = (ms: number): string => `${BigInt(Math.round(ms * 1_000)) * 1_000n}`;

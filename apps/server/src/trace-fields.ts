import { field } from '@sagewai/config';

/** Where traces go. Names and meanings are those of OpenTelemetry. */
export const traceFields = {
  OTEL_EXPORTER_OTLP_ENDPOINT: field.url({
    default: null,
    description:
      'A collector that takes OTLP over HTTP, such as http://localhost:4318; none: no traces',
    schemes: ['http', 'https'],
  }),
  OTEL_EXPORTER_OTLP_HEADERS: field.secret({
    default: null,
    description: 'Sent with every message to it: name=value, by comma, values percent-encoded',
  }),
  OTEL_SERVICE_NAME: field.string({
    default: 'sagewai',
    description: 'What this server is called in traces',
  }),
  OTEL_BSP_SCHEDULE_DELAY: field.integer({
    default: 5_000,
    min: 10,
    description: 'Milliseconds between two messages to the collector',
  }),
  TRACE_CLOSE_TIMEOUT: field.duration({
    default: 2_000,
    min: 1,
    description: 'How long a server that stops waits for a silent collector',
  }),
} as const;

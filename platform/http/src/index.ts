export { type App, type AppOptions, createApp } from './app.ts';
export type { AuditDetails, AuditNote, Auditor, AuditRecord } from './audit.ts';
export { type Authenticator, createAuthenticator, type CredentialReader } from './authenticate.ts';
export { isAllowed } from './authorize.ts';
export { ANONYMOUS, type Caller, type Scope } from './caller.ts';
export { Drain, type Drained } from './drain.ts';
export { valueChecker } from './check-value.ts';
export { ERROR_SHAPES, type ErrorAnswer } from './error-shapes.ts';
export { found } from './found.ts';
export { type CheckForeign, compileForeignSchema, type CompiledSchema } from './foreign-schema.ts';
export { nameFault } from './name-fault.ts';
export { describeApi } from './openapi.ts';
export { findParts, type FormFields, type FormFile, type FormPart } from './read-form.ts';
export { NO_PAGES, type PageRequest, type Pages } from './pages.ts';
export type { RequestHead } from './request-head.ts';
export {
  implement,
  implementOwn,
  implementPlatform,
  implementStream,
  type OwnInput,
  type PlatformInput,
  type Route,
  type StreamInput,
  type TenantChoice,
  type TenantInput,
} from './route.ts';
export { createRequestIds } from './request-id.ts';
export { SAFETY_HEADERS, sendFault } from './send.ts';
export { HTTP_DEFAULTS, type HttpSettings } from './settings.ts';
export { type EventsPage, type ServerEvent, streamEvents } from './stream-events.ts';
export { type CertificateFiles, readServerCertificate, type ServerCertificate } from './tls.ts';

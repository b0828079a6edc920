/** Identifiers are UUIDs (RFC 9562; ours are version 7) and never interchangeable. */
export type OrganizationId = string & { readonly __id: 'organization' };
export type ProjectId = string & { readonly __id: 'project' };
export type TokenId = string & { readonly __id: 'token' };
export type AccountId = string & { readonly __id: 'account' };
export type AccountGroupId = string & { readonly __id: 'accountGroup' };
export type ServiceAccountId = string & { readonly __id: 'serviceAccount' };
export type WorkerId = string & { readonly __id: 'worker' };
export type RunId = string & { readonly __id: 'run' };
export type KeyId = string & { readonly __id: 'key' };
export type EnrollmentKeyId = string & { readonly __id: 'enrollmentKey' };
export type ReservationId = string & { readonly __id: 'reservation' };

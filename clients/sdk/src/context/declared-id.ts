/** A UUIDv8 that begins with the time, as names of declared spend do: never one of a call of the gateway. */
export function newDeclaredId(nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-8${random.slice(15)}`;
}

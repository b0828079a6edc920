const CAUSES_MAX = 5;

/**
 * Name, message, code, stack and the chain of causes. Other properties of an error stay out: drivers
 * put rows and queries into them.
 */
export function serializeError(
  error: Error,
  redact: (value: unknown) => unknown,
  causesLeft = CAUSES_MAX,
): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  const errors = error instanceof AggregateError ? (error.errors as unknown[]) : undefined;
  const next = (each: unknown): unknown => {
    if (!(each instanceof Error)) return redact(each);
    return causesLeft > 0 ? serializeError(each, redact, causesLeft - 1) : '[deep]';
  };
  return {
    name,
    message: redact(message),
    ...(typeof code === 'string' ? { code } : {}),
    stack: redact(stack),
    ...(cause === undefined ? {} : { cause: next(cause) }),
    ...(errors === undefined ? {} : { errors: errors.slice(0, CAUSES_MAX).map(next) }),
  };
}

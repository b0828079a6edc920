/** Runs what is tried again and again; of failures in a row only the first is told. Never rejects. */
export function tellFirst(
  tell: (error: unknown) => void,
): (work: () => Promise<unknown>) => Promise<void> {
  let hasFailed = false;
  return async (work) => {
    try {
      await work();
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) tell(error);
      hasFailed = true;
    }
  };
}

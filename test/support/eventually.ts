/** Polling, for what cannot be awaited: another process's state. Never a fixed wait, always a condition with a deadline. */
export interface EventuallyOptions {
  /** ms until it fails; default 10,000. */
  readonly timeoutMs?: number;
  /** ms between two looks; default 10. */
  readonly everyMs?: number;
  /** What is waited for, for the failure's text. */
  readonly what?: string;
}

/**
 * Calls `look` until it returns something other than undefined, false or null, and returns that.
 * @throws Error that names what was waited for and holds the last error of `look`, when the deadline passes.
 */
export async function eventually<T>(
  look: () => Promise<T> | T,
  { timeoutMs = 10_000, everyMs = 10, what = 'the condition' }: EventuallyOptions = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await attempt(look);
    if (seen.value !== undefined && seen.value !== null && seen.value !== false) {
      return seen.value as NonNullable<Exclude<T, false>>;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${String(timeoutMs)} ms`, { cause: seen.error });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function attempt<T>(look: () => Promise<T> | T): Promise<{ value?: T; error?: unknown }> {
  try {
    return { value: await look() };
  } catch (error) {
    return { error };
  }
}

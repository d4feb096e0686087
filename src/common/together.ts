export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks that belong together: the first that fails ends the others, and its error is thrown when all of them are over.
 * One that returns leaves the others running. Resolves when all have returned.
 */
export async function together(signal: AbortSignal, tasks: readonly Task[]): Promise<void> {
  const end = new AbortController();
  const failures: unknown[] = [];
  const both = AbortSignal.any([signal, end.signal]);
  await Promise.all(
    tasks.map((task) =>
      task(both).catch((error: unknown) => {
        failures.push(error);
        end.abort();
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

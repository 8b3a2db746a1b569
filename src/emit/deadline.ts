/** Bounded waiting. */

/** Resolves when `work` has settled either way, at the latest after `ms`. Never rejects. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  await within(work, ms).catch(() => undefined);
}

/**
 * `work`, or a rejection after `ms` or when `signal` aborts. The work itself goes on: whoever
 * owns it ends it.
 */
export function within<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => finish(() => reject(new Error("given up: the sink is closing")));
    const timer = setTimeout(
      () => finish(() => reject(new Error(`no answer within ${ms} ms`))),
      ms,
    );
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    );
    if (signal?.aborted) onAbort();
  });
}

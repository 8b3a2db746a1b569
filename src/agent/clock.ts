/** Kernel clocks to wall time. */

/** A step of the wall clock beyond this is followed; below it, NTP slewing is ignored. */
const STEP_MS = 5;

/**
 * Maps CLOCK_MONOTONIC, which kernel records carry and `process.hrtime` reads, to Unix time.
 * Call `sync` now and then: it follows steps of the wall clock.
 */
export class WallClock {
  #offsetNs = 0n;

  constructor() {
    this.#measure();
  }

  monoToUnixNano(monoNs: bigint): bigint {
    return monoNs + this.#offsetNs;
  }

  sync(): void {
    const nowMs = Number(this.monoToUnixNano(process.hrtime.bigint())) / 1e6;
    if (Math.abs(nowMs - Date.now()) > STEP_MS) this.#measure();
  }

  #measure(): void {
    this.#offsetNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  }
}

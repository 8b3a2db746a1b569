/**
 * How a sink tells the agent something between two batches: one line. Never payload, secrets or
 * addresses of workloads.
 */
export type SinkLog = (level: "debug" | "info" | "warn" | "error", message: string) => void;

export interface KernelVersion {
  major: number;
  minor: number;
}

/** The version in a release such as `6.1.0-18-amd64`, undefined when there is none. */
export function parseKernelRelease(release: string): KernelVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})/.exec(release);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

export function isAtLeast(kernel: KernelVersion, { major, minor }: KernelVersion): boolean {
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

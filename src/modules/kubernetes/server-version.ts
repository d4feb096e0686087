/** Of an API server, as far as decisions depend on it. */
export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  /** `1.20.2`, for people. */
  readonly text: string;
}

/** The answer to GET /version. */
export interface VersionAnswer {
  readonly gitVersion?: string;
  readonly major?: string;
  /** `20`, on some managed clusters `20+`. */
  readonly minor?: string;
}

/** @throws Error for an answer that names no version. */
export function parseServerVersion(answer: VersionAnswer): ServerVersion {
  const git = /^v?(\d+)\.(\d+)(?:\.\d+)?/.exec(answer.gitVersion ?? '');
  const parts = git ?? /^(\d+)\.(\d+)/.exec(`${answer.major ?? ''}.${answer.minor ?? ''}`);
  if (!parts) throw new Error(`cannot parse k8s server version from ${JSON.stringify(answer)}`);
  const [text, major, minor] = parts;
  return { major: Number(major), minor: Number(minor), text: text.replace(/^v/, '') };
}

export function isAtLeast(version: ServerVersion, major: number, minor: number): boolean {
  return version.major === major ? version.minor >= minor : version.major > major;
}

/** The version that a DevApiServer pretends to be; it decides which slice versions and watch features are served. */
export class ServerVersion {
  readonly major: number;
  readonly minor: number;

  /** @throws Error unless the text looks like `v1.31.0`, with any suffix. */
  constructor(readonly gitVersion: string) {
    const match = /^v(\d+)\.(\d+)\.\d+/.exec(gitVersion);
    if (!match) throw new Error(`gitVersion "${gitVersion}" is not like v1.31.0`);
    this.major = Number(match[1]);
    this.minor = Number(match[2]);
  }

  /** Of Kubernetes 1. */
  atLeast(minor: number): boolean {
    return this.major > 1 || this.minor >= minor;
  }

  /** Answer of `GET /version`. */
  info(): Record<string, string> {
    return {
      major: String(this.major),
      minor: String(this.minor),
      gitVersion: this.gitVersion,
      gitCommit: '0000000000000000000000000000000000000000',
      gitTreeState: 'clean',
      buildDate: '2024-01-01T00:00:00Z',
      goVersion: 'go1.22.0',
      compiler: 'gc',
      platform: 'linux/amd64',
    };
  }
}

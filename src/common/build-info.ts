/** What was built: shown by `version`, the `version` metric, and /status. */
export interface BuildInfo {
  /** `1.16.2`. */
  readonly version: string;
  /** Short commit hash; '' when unknown. */
  readonly revision: string;
  /** `amd64`, `arm64`, as Go names them. */
  readonly arch: string;
}

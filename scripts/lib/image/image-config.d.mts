export interface BuildStamp {
  readonly version: string;
  readonly revision: string;
  /** Seconds since 1970. */
  readonly epoch: number;
}
export declare const imageConfig: {
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly workingDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
};
export declare function buildLabels(stamp: BuildStamp): Record<string, string>;

export interface TestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}
export declare function countTests(
  report: TestReport | undefined,
  succeeded: boolean,
): { passed: number; failed: number };
export declare function runTests(
  root: string,
  options: { projects: readonly string[]; args?: readonly string[]; env?: NodeJS.ProcessEnv },
): number;

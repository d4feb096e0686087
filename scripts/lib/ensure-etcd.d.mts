export declare function ensureEtcd(options?: { directories?: readonly string[] }): string;
export declare function findExecutable(name: string, directories: readonly string[]): string | undefined;

export declare function ensureEtcd(options?: { directories?: readonly string[] }): string;

export declare function ensureHelm(major: 3 | 4): Promise<string>;

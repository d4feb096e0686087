export declare function versions(root: string): Record<string, string | undefined>;
export declare function agreedVersion(root: string): string;
export declare function writeVersion(root: string, version: string): string[];

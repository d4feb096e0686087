export declare function isVersion(text: string): boolean;
export declare function compareVersions(a: string, b: string): number;

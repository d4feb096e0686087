export declare function ensurePackages(root: string): void;
export declare function missingPackages(root: string): string[];

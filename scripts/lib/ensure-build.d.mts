export declare function ensureBuild(root: string): void;
export declare function isBuilt(root: string): boolean;

export interface Section {
  readonly name: string;
  readonly date: string | undefined;
  readonly body: string;
}
export declare function sections(text: string): Section[];
export declare function notesOf(text: string, version: string): string;
export declare function latestVersion(text: string): string | undefined;
export declare function release(text: string, version: string, date: string): string;

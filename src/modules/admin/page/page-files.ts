import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PageFile {
  readonly type: string;
  readonly body: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Beside this file in the sources, in tsc's output and in the bundle (scripts/bundle.mjs copies it there). */
const folder = fileURLToPath(new URL('./static', import.meta.url));

/** The files of the status page, about 45 KB in the bundle, by name. Read when first asked for, and kept: a page is looked at again. */
export class PageFiles {
  private files: ReadonlyMap<string, PageFile> | undefined;

  /** Undefined: there is no such file. Only names in the folder are known, so no path leads out of it. */
  get(name: string): PageFile | undefined {
    this.files ??= new Map(readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap(read));
    return this.files.get(name);
  }
}

function read(name: string): [string, PageFile][] {
  const type = types[extname(name)];
  return type === undefined ? [] : [[name, { type, body: readFileSync(join(folder, name), 'utf8') }]];
}

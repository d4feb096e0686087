import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const beginning = '# What V8 lets the heap grow to';

/**
 * /usr/bin/clustermesh-apiserver of the image: bin/clustermesh-apiserver without its search for the bundle, which needs programs
 * that the image does not have. Its end, which chooses V8's flags, is the same text, so that both always run alike.
 * @param {string} root
 * @param {string} main absolute path of the bundle's entry in the image
 */
export function launcher(root, main) {
  const wrapper = readFileSync(join(root, 'bin/clustermesh-apiserver'), 'utf8');
  const at = wrapper.indexOf(beginning);
  if (at === -1) throw new Error(`bin/clustermesh-apiserver has no line that begins with "${beginning}"`);
  return `#!/bin/sh\nset -eu\nmain=${main}\n\n${wrapper.slice(at)}`;
}

// The chart's README, made from values.yaml: every value and the comment above it.
//
//     node scripts/chart-readme.mjs           writes charts/clustermesh-apiserver/README.md
//     node scripts/chart-readme.mjs --check   exits 1 if it is not current
import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { isMap, parseDocument } from 'yaml';

const chart = new URL('../charts/clustermesh-apiserver/', import.meta.url);
const target = new URL('README.md', chart);

/** Rows {key, type, value, comment} of the leaves, in the file's order. A value without a comment is an error. */
function rowsOf(map, path = []) {
  return map.items.flatMap((pair, index) => {
    const key = [...path, pair.key.value];
    // yaml hands the comment above a mapping's first key to the mapping.
    const comment = (pair.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined))?.trim();
    if (!comment) throw new Error(`values.yaml: ${key.join('.')} has no comment`);
    if (isMap(pair.value) && pair.value.items.length > 0) {
      return [{ key, heading: true, comment }, ...rowsOf(pair.value, key)];
    }
    const value = pair.value.toJSON();
    return [{ key, type: typeOf(value), value: JSON.stringify(value), comment }];
  });
}

function typeOf(value) {
  if (value === null) return 'any';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'number' ? 'integer' : typeof value;
}

const cell = (text) => text.replaceAll('\n', ' ').replaceAll('|', '\\|');

function tableOf(rows) {
  const lines = rows.map(({ key, heading, type, value, comment }) =>
    heading
      ? `| \`${key.join('.')}\` | | | _${cell(comment)}_ |`
      : `| \`${key.join('.')}\` | ${type} | \`${cell(value)}\` | ${cell(comment)} |`,
  );
  return ['| Value | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

async function readme() {
  const values = parseDocument(await readFile(new URL('values.yaml', chart), 'utf8'));
  const template = await readFile(new URL('README.md.tmpl', chart), 'utf8');
  const marker = '<!-- values -->';
  if (!template.includes(marker)) throw new Error(`README.md.tmpl has no ${marker}`);
  const root = values.contents;
  root.commentBefore ??= values.commentBefore;
  const text = template.replace(marker, () => tableOf(rowsOf(root)));
  return format(text, { ...(await resolveConfig(target)), parser: 'markdown' });
}

const wanted = await readme();
if (!process.argv.includes('--check')) {
  await writeFile(target, wanted);
} else if ((await readFile(target, 'utf8')) !== wanted) {
  console.error('charts/clustermesh-apiserver/README.md is not current: run `node scripts/chart-readme.mjs`');
  process.exitCode = 1;
}

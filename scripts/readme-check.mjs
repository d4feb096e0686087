// Are the README's commands true? Each line of its `sh` fences must be a command that .ci/run runs itself, or one that this
// script runs, or one that nobody can run there, with the reason. A command that is none of these fails the check.
//     node scripts/readme-check.mjs
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** Run here to their end: exit code 0 within a minute. */
const executed = [
  'npm run build',
  'bin/clustermesh-apiserver --help',
  'bin/clustermesh-apiserver clustermesh --help',
  'bin/clustermesh-apiserver version',
];

/** Run here until the pattern is printed, then interrupted as by Ctrl-C: exit code 0 (or ended by the signal) within a minute. */
const untilPrinted = new Map([['npm run demo', /cilium\/state\//]]);

/** Not run, with the reason. */
const notRun = [
  [/^git clone /, 'the working copy is one'],
  [/^cd /, 'it only changes the shell'],
  [/^npm (ci|install)$/, 'npm test does it on a fresh machine'],
  [/^npm run bench/, 'takes minutes and needs a quiet machine; npm test covers its parts'],
  [
    /^npm run demo -- /,
    'the generated cluster and the mesh are the same programs as npm run demo; npm test runs them',
  ],
  [/^\.ci\/run$/, 'it is what runs this'],
];

/** The commands of all fences marked `sh`: without comments and prompts, continued lines joined. */
function commands(markdown) {
  const fences = [...markdown.matchAll(/^```sh\n(.*?)^```/gms)].map(([, body]) => body);
  return fences.flatMap((body) =>
    body
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map((line) =>
        line
          .replace(/^\$ /, '')
          .replace(/(^|\s+)#.*$/, '')
          .trim(),
      )
      .filter((line) => line !== ''),
  );
}

/** Runs a command line; resolves with what went wrong, or undefined. */
function run(command, until) {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', `exec ${command}`], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let seen = false;
    const signal = (name) => {
      try {
        process.kill(-child.pid, name);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    };
    const timer = setTimeout(() => signal('SIGKILL'), until ? 180_000 : 60_000);
    const collect = (chunk) => {
      output += chunk;
      if (!seen && until?.test(output)) {
        seen = true;
        signal('SIGINT');
      }
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('close', (code, ended) => {
      clearTimeout(timer);
      const fine = until ? seen && (code === 0 || code === 130 || ended === 'SIGINT') : code === 0;
      resolve(
        fine
          ? undefined
          : `ended with ${code ?? ended}${until && !seen ? ', never printed ' + until : ''}:\n${output.slice(-1500)}`,
      );
    });
  });
}

async function verdict(command, ci) {
  if (ci.has(command)) return undefined;
  if (executed.includes(command)) return run(command);
  const until = untilPrinted.get(command);
  if (until) return run(command, until);
  if (notRun.some(([pattern]) => pattern.test(command))) return undefined;
  return 'nothing runs it: add it to .ci/run or to this script';
}

const ci = new Set(
  [...read('.ci/run').matchAll(/^(?:check|tests) \S+ \S+ (.+)$/gm)].map(([, command]) => command.trim()),
);
const found = [...new Set(commands(read('README.md')))];
if (found.length === 0) {
  console.error('README.md shows no command in an sh fence');
  process.exit(1);
}
let wrong = 0;
for (const command of found) {
  const problem = await verdict(command, ci);
  console.log(`${problem ? 'WRONG' : 'ok   '} ${command}${problem ? `: ${problem}` : ''}`);
  if (problem) wrong++;
}
process.exit(wrong === 0 ? 0 : 1);

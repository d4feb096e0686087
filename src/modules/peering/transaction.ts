import type { Edit } from './object-edit.js';

/** Nothing of a set of edits is left in place, unless the message says so. */
export class EditsFailed extends Error {
  override name = 'EditsFailed';
}

/**
 * Applies edits in order. When one fails, those before it are taken back, newest first. Resolves with what was written.
 * @throws EditsFailed that says what failed, and what could not be taken back.
 */
export async function applyAll(edits: readonly Edit[]): Promise<readonly string[]> {
  const written: Edit[] = [];
  for (const edit of edits) {
    try {
      if (await edit.apply()) written.push(edit);
    } catch (error) {
      const left = await undoAll([...written, edit]);
      throw new EditsFailed(`unable to write ${edit.what}: ${messageOf(error)}${left}`, { cause: error });
    }
  }
  return written.map(({ what }) => what);
}

async function undoAll(written: readonly Edit[]): Promise<string> {
  const left: string[] = [];
  for (const edit of written.toReversed()) {
    try {
      await edit.undo();
    } catch (error) {
      left.push(`${edit.what}: ${messageOf(error)}`);
    }
  }
  if (left.length === 0) return '; nothing is changed: whatever was written before was taken back';
  return `; could not take back ${left.join(', ')}: run the same command again, or \`disconnect\``;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import type { ObjectStore } from '../store/object-store.js';
import type { Answer } from './answer.js';
import { listPage, type ListPage } from './list-query.js';
import { representationFor, type Representation } from './representation.js';
import type { RequestTarget } from './request-target.js';

const chunkBytes = 128 * 1024;
const comma = Buffer.from(',');

/** Answers a list, piece by piece: 100,000 objects are never one buffer. */
export async function answerList(store: ObjectStore, target: RequestTarget, answer: Answer): Promise<void> {
  const { resource, version } = target;
  const representation = representationFor(answer.request.accept, resource, version);
  const page = listPage(store, target, answer.request.query);
  const { head, tail } = frame(page, representation);
  answer.begin(200, { 'content-type': 'application/json' });
  let pending: Buffer[] = [Buffer.from(head)];
  let bytes = 0;
  for (const [at, stored] of page.items.entries()) {
    const item = representation.item(stored);
    if (at > 0) pending.push(comma);
    pending.push(item);
    bytes += item.length;
    if (bytes < chunkBytes) continue;
    await answer.write(Buffer.concat(pending));
    if (answer.closed) return;
    pending = [];
    bytes = 0;
  }
  pending.push(Buffer.from(tail));
  await answer.write(Buffer.concat(pending));
  answer.end();
}

/** What stands before and after the items. */
function frame(page: ListPage, representation: Representation): { head: string; tail: string } {
  const { revision, continueToken, remaining } = page;
  const more = {
    ...(continueToken === '' ? {} : { continue: continueToken }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  };
  const kind = JSON.stringify(representation.listKind);
  const apiVersion = JSON.stringify(representation.listApiVersion);
  const resourceVersion = String(revision);
  if (representation.metadataLast) {
    const metadata = JSON.stringify({ continue: '', ...more, resourceVersion });
    return {
      head: `{"apiVersion":${apiVersion},"items":[`,
      tail: `],"kind":${kind},"metadata":${metadata}}\n`,
    };
  }
  const metadata = JSON.stringify({ resourceVersion, ...more });
  return {
    head: `{"kind":${kind},"apiVersion":${apiVersion},"metadata":${metadata},"items":[`,
    tail: ']}\n',
  };
}

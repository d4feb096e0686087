import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import { isDocument } from './api-server/store/object-store.js';
import { isText, type KubeDocument } from './api-server/store/kube-document.js';

/** Why a manifest cannot be used, and where: `nodes.yaml:12:7: …`. */
export class ManifestError extends Error {
  override name = 'ManifestError';
}

/**
 * The objects of one YAML file, which may hold several documents; empty ones are skipped.
 * @param path for the errors' texts
 * @throws ManifestError with file, line and column
 */
export function parseManifests(text: string, path: string): KubeDocument[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset);
    return `${path}:${String(line)}:${String(col)}`;
  };
  if (!Array.isArray(documents)) return [];
  return (documents as Document.Parsed[]).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new ManifestError(`${place(error.pos[0])}: ${error.message}`);
    const value = document.toJS() as KubeDocument | null | undefined;
    if (value === null || value === undefined) return [];
    const problem = isDocument(value) ? whyIncomplete(value) : 'the document is no object with metadata';
    if (problem !== undefined)
      throw new ManifestError(`${place(document.contents?.range[0] ?? 0)}: ${problem}`);
    return [value];
  });
}

function whyIncomplete(value: KubeDocument): string | undefined {
  if (!isText(value.apiVersion)) return 'apiVersion is missing';
  if (!isText(value.kind)) return 'kind is missing';
  if (!isText(value.metadata.name)) return 'metadata.name is missing';
  return undefined;
}

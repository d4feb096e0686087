const wellFormed = /^(?:[a-z0-9][-a-z0-9]*)?[a-z0-9]$/;

/** What is wrong with a cluster's name, in the original's words, or undefined (spec/k8s-sync.md §2). */
export function clusterNameFault(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.length > 32) return 'must not be more than 32 characters';
  if (wellFormed.test(name)) return undefined;
  return "must consist of lower case alphanumeric characters and '-', and must start and end with an alphanumeric character";
}

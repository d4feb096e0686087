export const connectionModes = ['bidirectional', 'mesh', 'unicast'] as const;

/** bidirectional: the first with each other. mesh: each with each. unicast: the first to the others, not back. */
export type ConnectionMode = (typeof connectionModes)[number];

/** For each cluster that is changed the clusters that it gets as peers. */
export function pairsOf<C>(
  mode: ConnectionMode,
  local: C,
  remotes: readonly C[],
): { readonly host: C; readonly peers: readonly C[] }[] {
  const all = [local, ...remotes];
  const back = (remote: C): readonly C[] => (mode === 'mesh' ? all.filter((one) => one !== remote) : [local]);
  return [
    { host: local, peers: remotes },
    ...(mode === 'unicast' ? [] : remotes.map((host) => ({ host, peers: back(host) }))),
  ];
}

/** `alpha <=> beta`; the arrow of a disconnection is `x`. */
export function pairText(mode: ConnectionMode, local: string, remote: string, arrow: '=' | 'x'): string {
  if (arrow === 'x') return `${local} ${mode === 'unicast' ? 'x>' : '<x>'} ${remote}`;
  return `${local} ${mode === 'unicast' ? '=>' : '<=>'} ${remote}`;
}

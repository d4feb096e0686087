/** How large the cluster of a bench is. */
export interface Shape {
  readonly nodes: number;
  readonly identities: number;
  /** Dual-stack: two keys each. */
  readonly endpoints: number;
  /** Global, ten backends each. */
  readonly services: number;
}

/** The shape that the reference implementation was measured with. */
export const referenceShape: Shape = { nodes: 500, identities: 5000, endpoints: 20_000, services: 1000 };

/** Keys under cilium/state/: what is authored, and default/kubernetes where all services are exported. */
export function stateKeys({ nodes, identities, endpoints, services }: Shape): number {
  return nodes + identities + 2 * endpoints + services;
}

export function scaled(shape: Shape, factor: number): Shape {
  const scale = (n: number): number => Math.max(1, Math.round(n * factor));
  return {
    nodes: scale(shape.nodes),
    identities: scale(shape.identities),
    endpoints: scale(shape.endpoints),
    services: scale(shape.services),
  };
}

import type { BuildStamp } from './image-config.d.mts';
export interface Rootfs {
  readonly stamp: BuildStamp;
  /** SHA-256 of the tree, hex. */
  readonly hash: string;
  readonly bytes: number;
  readonly files: number;
  /** CycloneDX JSON. */
  readonly sbom: string;
}
export declare function buildRootfs(root: string, folder: string): Rootfs;

import type { BuildStamp } from './image-config.d.mts';
export declare function writeOciArchive(
  rootfs: string,
  archive: string,
  stamp: BuildStamp,
  name: string,
): { digest: string; layerBytes: number };

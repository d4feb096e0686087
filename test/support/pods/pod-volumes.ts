import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SecretVolume, type VolumeFile } from '../secret-volume.js';
import { NotThereYet, type ReadTexts, type SourceSpec, type VolumeSpec } from './pod-spec.js';

const kubeletsMode = 0o644;

/** The volumes of one pod, kept in a folder as a kubelet keeps them: objects are files that change all at once. */
export class PodVolumes {
  private readonly filled = new Map<string, { readonly volume: SecretVolume; content: string }>();

  constructor(
    private readonly directory: string,
    private readonly specs: readonly VolumeSpec[],
    private readonly read: ReadTexts,
  ) {}

  /** The folder of a volume on this machine. */
  path(name: string): string {
    if (!this.specs.some((spec) => spec.name === name)) throw new Error(`the pod has no volume ${name}`);
    return join(this.directory, name);
  }

  /** Brings every volume to what its objects hold now. @throws NotThereYet before all of them have been there once. */
  async sync(): Promise<void> {
    for (const spec of this.specs) {
      if (spec.emptyDir) await mkdir(this.path(spec.name), { recursive: true });
      else await this.fill(spec.name, await this.filesOf(spec));
    }
  }

  private async fill(name: string, files: Readonly<Record<string, VolumeFile>>): Promise<void> {
    const content = JSON.stringify(files);
    const known = this.filled.get(name);
    if (known?.content === content) return;
    if (known) {
      known.content = content;
      await known.volume.swap(files);
      return;
    }
    const volume = await SecretVolume.create(files, this.path(name));
    this.filled.set(name, { volume, content });
  }

  private async filesOf(spec: VolumeSpec): Promise<Record<string, VolumeFile>> {
    const { secret, configMap, projected } = spec;
    const mode = (secret ?? configMap ?? projected)?.defaultMode ?? kubeletsMode;
    const parts = (projected?.sources ?? [spec]).map((source) => this.partOf(source, mode));
    return Object.assign({}, ...(await Promise.all(parts))) as Record<string, VolumeFile>;
  }

  private async partOf({ secret, configMap }: SourceSpec, mode: number): Promise<Record<string, VolumeFile>> {
    const source = secret ?? configMap;
    if (!source) throw new Error('a volume of a kind that this test does not know');
    const name = secret?.secretName ?? source.name ?? '';
    const texts = await this.read(secret ? 'secret' : 'configMap', name);
    if (!texts) {
      if (source.optional) return {};
      throw new NotThereYet(name);
    }
    const items = source.items ?? Object.keys(texts).map((key) => ({ key, path: key, mode: undefined }));
    const files: Record<string, VolumeFile> = {};
    for (const item of items) {
      const content = texts[item.key];
      if (content !== undefined) files[item.path] = { content, mode: item.mode ?? mode };
      else if (!source.optional) throw new NotThereYet(`key ${item.key} of ${name}`);
    }
    return files;
  }
}

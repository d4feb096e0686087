/** The part of a rendered pod that these tests run. What else it has is for a scheduler or a container runtime. */
export interface PodSpec {
  readonly serviceAccountName: string;
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly VolumeSpec[];
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly terminationGracePeriodSeconds?: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvSpec[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly readinessProbe?: ProbeSpec;
  readonly livenessProbe?: ProbeSpec;
  readonly startupProbe?: ProbeSpec;
}

export interface ProbeSpec {
  readonly httpGet: { readonly path: string; readonly port: number | string };
}

interface KeyRef {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface EnvSpec {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly configMapKeyRef?: KeyRef;
    readonly secretKeyRef?: KeyRef;
  };
}

interface Items {
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[];
  readonly optional?: boolean;
}

/** A Secret or ConfigMap as files; in a projection the secret's name is in `name`. */
export interface SourceSpec {
  readonly secret?: Items & { readonly name?: string; readonly secretName?: string };
  readonly configMap?: Items & { readonly name: string };
}

export interface VolumeSpec extends SourceSpec {
  readonly name: string;
  readonly secret?: SourceSpec['secret'] & { readonly defaultMode?: number };
  readonly configMap?: SourceSpec['configMap'] & { readonly defaultMode?: number };
  readonly projected?: { readonly defaultMode?: number; readonly sources: readonly SourceSpec[] };
  readonly emptyDir?: object;
}

/** Texts by key; undefined: there is no such object. */
export type ReadTexts = (
  kind: 'secret' | 'configMap',
  name: string,
) => Promise<Readonly<Record<string, string>> | undefined>;

/** What a pod waits for, as its kubelet does: an object, or a key of it, that is not there. */
export class NotThereYet extends Error {}

/** `$(NAME)` as Kubernetes reads it: a name that is unknown stays as it is, `$$` is one `$`. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)/g, (found, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? found),
  );
}

/** @param fields a pod's own facts by path, such as `status.podIP`. @throws NotThereYet */
export async function resolveEnv(
  specs: readonly EnvSpec[],
  fields: Readonly<Record<string, string>>,
  read: ReadTexts,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of specs) {
    const found = valueFrom ? await valueOf(valueFrom, fields, read) : expand(value ?? '', env);
    if (found !== undefined) env[name] = found;
  }
  return env;
}

async function valueOf(
  { fieldRef, configMapKeyRef, secretKeyRef }: NonNullable<EnvSpec['valueFrom']>,
  fields: Readonly<Record<string, string>>,
  read: ReadTexts,
): Promise<string | undefined> {
  if (fieldRef) {
    const value = fields[fieldRef.fieldPath];
    if (value === undefined) throw new Error(`a pod of this test has no field ${fieldRef.fieldPath}`);
    return value;
  }
  const ref = configMapKeyRef ?? secretKeyRef;
  if (!ref) throw new Error('valueFrom names no source that this test knows');
  const value = (await read(configMapKeyRef ? 'configMap' : 'secret', ref.name))?.[ref.key];
  if (value === undefined && !ref.optional) throw new NotThereYet(`key ${ref.key} of ${ref.name}`);
  return value;
}

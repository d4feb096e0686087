import { type ClusterHandle, readAccessInformation } from './access-information.js';
import { handedClientFile, handedFiles } from './client-file.js';
import { names } from './cluster-objects.js';
import { endpointUrl, type HostAndPort } from './host-and-port.js';
import { covers } from './peer-endpoints.js';
import { base64 } from './peer-secret.js';

export interface ExtractedSecret {
  /** A manifest; holds a private key. */
  readonly text: string;
  /** Of the cluster. */
  readonly name: string;
  readonly warnings: readonly string[];
}

/**
 * What another cluster needs to reach this one, as a Secret in JSON (spec/operations.md §11), which `kubectl apply`, the
 * original's script and importSecrets() take.
 * @throws Error that names what is missing: an incomplete manifest is of no use to anybody.
 */
export async function extractSecret(
  handle: ClusterHandle,
  given: readonly HostAndPort[],
): Promise<ExtractedSecret> {
  const { name, addresses, identity, serverCertificate } = await readAccessInformation(handle, given);
  if (addresses instanceof Error) throw addresses;
  if (identity instanceof Error) throw identity;
  const files = handedFiles(name);
  const manifest = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: names.agentSecret },
    type: 'Opaque',
    data: {
      [name]: base64(handedClientFile(addresses.map(endpointUrl), files)),
      [files.ca]: base64(identity.ca),
      [files.cert]: base64(identity.cert),
      [files.key]: base64(identity.key),
    },
  };
  const refused = addresses.filter(({ host }) => serverCertificate && !covers(serverCertificate, host));
  const warnings = refused.map(
    ({ host }) =>
      `the server certificate of ${name} does not cover ${host}, so clients will refuse it: ` +
      'add it to tls.server.extraIpAddresses or extraDnsNames, or give another --address',
  );
  return { text: `${JSON.stringify(manifest, null, 2)}\n`, name, warnings };
}

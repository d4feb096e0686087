import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { StartError } from '../../common/start-error.js';
import type { AuthorityOptions } from '../config/certs-options.js';
import { type KubeApi, KubeError } from '../kubernetes/kube-api.js';
import { AuthorityKeeper } from './authority-keeper.js';
import type { Authority } from './authority.js';
import type { CertificateRequest } from './certificate-request.js';
import { renewalReason } from './renewal.js';
import { SecretStore, type StoredSecret } from './secret-store.js';
import { type SecretDecision, writeAgreed } from './write-agreed.js';
import { issueCertificate } from './x509.js';

export interface CertificatesJobOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly authority: AuthorityOptions;
  readonly requests: readonly CertificateRequest[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the secrets hold what is asked for (spec/operations.md §10.6), and changes only what does not. No key is ever logged. */
export class CertificatesJob {
  private readonly secrets: SecretStore;

  constructor(private readonly options: CertificatesJobOptions) {
    this.secrets = new SecretStore(options.api);
  }

  /** @throws StartError that says what is missing; every secret that could be kept up is. */
  async run(): Promise<void> {
    const { requests, authority: settings, clock, log } = this.options;
    const keeper = new AuthorityKeeper({ secrets: this.secrets, settings, clock, log });
    const authority = await tellingRefusal(() => keeper.obtain());
    const failed: string[] = [];
    for (const request of requests) {
      const secret = `${request.namespace}/${request.name}`;
      try {
        await this.keep(request, authority);
      } catch (error) {
        if (!(error instanceof KubeError || error instanceof StartError)) throw error;
        log.error('Certificate not kept up', { secret, error });
        failed.push(secret);
      }
    }
    if (failed.length === 0) return;
    throw new StartError(`not kept up: ${failed.join(', ')}`, { prefixed: false });
  }

  private keep(request: CertificateRequest, authority: Authority): Promise<void> {
    const { namespace, name } = request;
    return writeAgreed(this.secrets, { namespace, name }, 'kubernetes.io/tls', (before) =>
      this.decide(request, authority, before),
    );
  }

  private async decide(
    request: CertificateRequest,
    authority: Authority,
    before: StoredSecret | undefined,
  ): Promise<SecretDecision<void>> {
    const { clock, log } = this.options;
    const secret = `${request.namespace}/${request.name}`;
    const pair = { certificate: before?.data['tls.crt'] ?? '', key: before?.data['tls.key'] ?? '' };
    const reason = before ? renewalReason(pair, request, authority, clock.now()) : 'there is none';
    const trust = { 'ca.crt': authority.bundle };
    if (reason !== undefined) {
      const issued = await issueCertificate(request, authority, clock.now());
      log.info('Certificate issued', { secret, commonName: request.commonName, reason });
      return { result: undefined, data: { ...trust, 'tls.crt': issued.certificate, 'tls.key': issued.key } };
    }
    const trusted = before?.data['ca.crt'] === authority.bundle;
    log.info(trusted ? 'Certificate kept' : 'Certificate kept, its authority written anew', { secret });
    return trusted ? { result: undefined } : { result: undefined, data: trust };
  }
}

/** What the API server refuses is for the operator to mend. */
async function tellingRefusal<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof KubeError) throw new StartError(error.message, { prefixed: false, cause: error });
    throw error;
  }
}

import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { StartError } from '../../common/start-error.js';
import type { AuthorityOptions } from '../config/certs-options.js';
import { type Authority, isSelfSigned, readAuthority } from './authority.js';
import { nearsExpiry } from './renewal.js';
import type { SecretStore, StoredSecret } from './secret-store.js';
import { writeAgreed } from './write-agreed.js';
import { createAuthority, readContent, renewAuthority } from './x509.js';

export interface AuthorityKeeperOptions {
  readonly secrets: SecretStore;
  readonly settings: AuthorityOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The certificate authority in its secret. It is shared, with Cilium itself and often with all clusters of the mesh, so one
 * that cannot be read is never replaced, and one that ends is renewed with its own key, which breaks nobody's trust.
 */
export class AuthorityKeeper {
  constructor(private readonly options: AuthorityKeeperOptions) {}

  /** @throws StartError when there is none to be had; KubeError. */
  obtain(): Promise<Authority> {
    const { secrets, settings } = this.options;
    const place = { namespace: settings.secretNamespace, name: settings.secretName };
    return writeAgreed(secrets, place, 'Opaque', async (before) => {
      const { authority, changed } = await this.decide(before);
      const key = authority.key.export({
        type: authority.key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8',
        format: 'pem',
      }) as string;
      const data = { 'ca.crt': authority.bundle, 'ca.key': key };
      return changed ? { result: authority, data } : { result: authority };
    });
  }

  private async decide(
    stored: StoredSecret | undefined,
  ): Promise<{ authority: Authority; changed: boolean }> {
    const { settings, clock, log } = this.options;
    const place = `${settings.secretNamespace}/${settings.secretName}`;
    const certificate = stored?.data['ca.crt'] ?? '';
    const key = stored?.data['ca.key'] ?? '';
    if (settings.reuseSecret && (certificate !== '' || key !== ''))
      return this.reuse(this.read(place, certificate, key));
    if (!settings.generate) throw refused(`the secret ${place} holds no certificate authority`);
    const authority = await createAuthority(settings, clock.now());
    log.info('Certificate authority made', { secret: place, notAfter: authority.certificate.validTo });
    return { authority, changed: true };
  }

  private read(place: string, certificate: string, key: string): Authority {
    try {
      return readAuthority({ certificate, key });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw refused(
        `the certificate authority in the secret ${place} is wrong: ${why}; repair the secret, or delete it to have a new authority made`,
      );
    }
  }

  private async reuse(authority: Authority): Promise<{ authority: Authority; changed: boolean }> {
    const { settings, clock, log } = this.options;
    const secret = `${settings.secretNamespace}/${settings.secretName}`;
    const life = readContent(authority.certificate.toString());
    const facts = { secret, notAfter: authority.certificate.validTo };
    if (!nearsExpiry(life, clock.now())) {
      log.info('Certificate authority kept', facts);
      return { authority, changed: false };
    }
    if (settings.generate && isSelfSigned(authority)) {
      const renewed = await renewAuthority(authority, settings.validityMs, clock.now());
      log.info('Certificate authority renewed with its own key', {
        secret,
        notAfter: renewed.certificate.validTo,
      });
      return { authority: renewed, changed: true };
    }
    if (life.notAfter <= clock.now())
      throw refused(`the certificate authority in the secret ${secret} has expired`);
    log.warn('The certificate authority nears its end and cannot be renewed here', facts);
    return { authority, changed: false };
  }
}

function refused(message: string): StartError {
  return new StartError(message, { prefixed: false });
}

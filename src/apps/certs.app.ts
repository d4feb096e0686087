import { systemClock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import { parseRequests } from '../modules/certificates/certificate-request.js';
import type { CertsOptions } from '../modules/config/certs-options.js';
import { directTransport } from '../modules/kubernetes/direct-transport.js';
import { buildInfo } from '../version.js';

/** Runs to the end; resolves with 0. @throws StartError */
export async function runCerts(options: CertsOptions, log: Log): Promise<number> {
  const requests = parseRequests(options.requests);
  const api = await directTransport(options.apiServer, buildInfo().version, systemClock);
  // The library that writes certificates is no server's business: it is loaded here alone.
  const { CertificatesJob } = await import('../modules/certificates/certificates-job.js');
  const { authority } = options;
  const job = new CertificatesJob({ api, authority, requests, clock: systemClock, log: log.child('certs') });
  try {
    await job.run();
  } finally {
    api.closeAll();
  }
  return 0;
}

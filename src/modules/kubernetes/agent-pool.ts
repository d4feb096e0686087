import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { KubeIdentity, TlsIdentity } from './kube-credentials.js';

export interface AgentPoolOptions {
  readonly secure: boolean;
  /** Period of TCP keep-alive probes, ms. */
  readonly keepAliveMs: number;
}

/** One keep-alive agent for everything. New certificates get a new one; requests under way end on the old one. */
export class AgentPool {
  private agent: HttpAgent | undefined;
  private tls: TlsIdentity = {};

  constructor(private readonly options: AgentPoolOptions) {}

  agentFor(identity: KubeIdentity): HttpAgent {
    if (identity.agent) return identity.agent;
    if (this.agent && sameTls(this.tls, identity.tls)) return this.agent;
    if (this.agent) this.retire(this.agent);
    this.tls = identity.tls;
    const pool = { keepAlive: true, keepAliveMsecs: this.options.keepAliveMs };
    this.agent = this.options.secure ? new HttpsAgent({ ...pool, ...identity.tls }) : new HttpAgent(pool);
    return this.agent;
  }

  /** Closes the connections that no request uses. */
  closeIdle(): void {
    if (this.agent) destroyFree(this.agent);
  }

  /** Closes every connection; requests under way fail, later ones connect anew. */
  closeAll(): void {
    this.agent?.destroy();
    this.agent = undefined;
  }

  private retire(agent: HttpAgent): void {
    agent.maxFreeSockets = 0;
    destroyFree(agent);
  }
}

function destroyFree(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function sameTls(a: TlsIdentity, b: TlsIdentity): boolean {
  return (
    sameBytes(a.ca, b.ca) &&
    sameBytes(a.cert, b.cert) &&
    sameBytes(a.key, b.key) &&
    a.passphrase === b.passphrase &&
    a.servername === b.servername &&
    a.rejectUnauthorized === b.rejectUnauthorized
  );
}

/** Certificates as the credentials give them: one text or Buffer. Anything else never counts as the same. */
function sameBytes(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.equals(b);
}

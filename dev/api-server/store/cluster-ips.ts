/** Hands out service addresses of 10.96.0.0/16 from the upper half, so that they do not meet the ones that tests author. */
export class ClusterIps {
  private readonly taken = new Set<string>();
  private next = 0;

  /** @throws Error if all 32,512 addresses are taken. */
  allocate(): string {
    for (let tried = 0; tried < 128 * 254; tried++) {
      const at = this.next++ % (128 * 254);
      const ip = `10.96.${String(128 + Math.floor(at / 254))}.${String(1 + (at % 254))}`;
      if (!this.taken.has(ip)) {
        this.taken.add(ip);
        return ip;
      }
    }
    throw new Error('no free service address in 10.96.128.0/17');
  }

  reserve(ip: string): void {
    this.taken.add(ip);
  }

  release(ip: string): void {
    this.taken.delete(ip);
  }
}

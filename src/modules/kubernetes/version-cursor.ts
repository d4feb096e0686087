/** Which resource version the next list and the next watch ask for. Versions are opaque: kept and given back, never compared. */
export class VersionCursor {
  private last = '';
  private lost = false;

  /** '' before the first list. */
  get current(): string {
    return this.last;
  }

  /**
   * '0', whatever the API server's cache has, for the first list; then at least as new as what was seen, or time would go
   * backwards; '' (the newest, from etcd) when that version is gone or is ahead of this API server.
   */
  forList(): string {
    if (this.lost) return '';
    return this.last === '' ? '0' : this.last;
  }

  /** An object, a bookmark or a list showed this version. */
  seen(version: string | undefined): void {
    if (version !== undefined && version !== '') this.last = version;
  }

  listed(version: string): void {
    this.seen(version);
    this.lost = false;
  }

  /** The API server no longer knows the version, or does not know it yet. */
  expired(): void {
    this.lost = true;
  }
}

/** Where text for people goes, as process.stdout. */
export interface TextSink {
  write(text: string): unknown;
}
